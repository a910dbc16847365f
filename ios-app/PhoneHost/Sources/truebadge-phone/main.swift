import PhoneHost

await PhoneProgram.run()
