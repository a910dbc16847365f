import TrueBadge

extension KeychainCredentials: TokenKeeper {}
