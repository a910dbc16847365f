//! A stand-in for Apple's push service, with phones that attach over a WebSocket.
