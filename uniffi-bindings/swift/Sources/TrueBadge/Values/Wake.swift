internal import TrueBadgeCore

/// Why the app runs.
public enum WakeCause: String, Sendable {
    /// The app was started.
    case launch
    /// A push woke it.
    case push
    /// An alert push started the extension.
    case `extension`
    /// The person opened it.
    case foreground
    /// iOS granted a background refresh.
    case backgroundRefresh
    /// The network came back.
    case networkBack
    /// Low Power Mode ended.
    case lowPowerModeEnded
    /// The person did something that the relay must hear of.
    case operation
}

/// What a push was found to be.
public enum PushDisposition: String, Sendable {
    /// Not a TrueBadge payload. Nothing was applied.
    case malformed
    /// For an account that is not on this phone.
    case notForUs
    /// The relay started a new history: everything is fetched again.
    case epochChanged
    /// Nothing new.
    case stale
    /// Applied in full.
    case applied
    /// It does not add up with what the phone has: everything is fetched again.
    case diverged
    /// Something before it is missing: it is fetched.
    case gap
}

/// Something that the person did and that the relay refused for good. It no longer counts.
public struct RejectedOperation: Sendable, Hashable {
    /// The account.
    public let account: AccountID
    /// The conversation that it was about.
    public let conversation: ConversationID
    /// The operation's number.
    public let number: UInt64
    /// The relay's reason.
    public let reason: String
    /// Its place among all that were refused on this phone.
    let sequence: UInt64
}

/// What a wake did.
public struct WakeOutcome: Sendable, Equatable {
    /// Why the app ran.
    public let cause: WakeCause
    /// What the push was, if it was one.
    public let disposition: PushDisposition?
    /// The badge at the end; `nil` when the store could not be read, and the icon is as it was.
    public let badge: BadgeState?
    /// Whether iOS confirmed the number.
    public let shown: Bool
    /// Whether every account that had to be brought up to date was.
    public let synced: Bool
    /// The notifications that were removed because they are read.
    public let removed: [String]
    /// What relays refused for good.
    public let rejected: [RejectedOperation]
    /// A relay says that APNs ended the push token: ask iOS for one again
    /// (`registerForRemoteNotifications`), and register it, also when it is the same. Said at most
    /// once an hour.
    public let pushTokenWanted: Bool
    /// Accounts that their relays ended: told in every wake until they are added again, or signed
    /// out here.
    public let signedOut: [AccountID]
    /// Accounts that were not brought up to date in this wake because their relay refused the token, or
    /// the ``CredentialStore`` had none: let the person sign in to them again.
    public let credentialsWanted: [AccountID]
    /// The store was damaged: what could be read of it was saved, and the rest was fetched anew, or
    /// is by the next wake.
    public let rebuilt: Bool
    /// What went wrong first, if something did. What could be done without it was done.
    public let error: TrueBadgeError?
}

extension RejectedOperation {
    init(_ core: TrueBadgeCore.RejectedOperation) {
        account = AccountID(rawValue: core.account)
        conversation = ConversationID(rawValue: core.conversation)
        number = core.number
        reason = core.reason
        sequence = core.sequence
    }
}

extension WakeOutcome {
    init(_ core: TrueBadgeCore.WakeOutcome) {
        cause = WakeCause(core.cause)
        disposition = core.disposition.map(PushDisposition.init)
        badge = core.badge.map(BadgeState.init)
        shown = core.shown
        synced = core.synced
        removed = core.removed
        rejected = core.rejected.map(RejectedOperation.init)
        pushTokenWanted = core.pushTokenWanted
        signedOut = core.signedOut.map(AccountID.init(rawValue:))
        credentialsWanted = core.credentialsWanted.map(AccountID.init(rawValue:))
        rebuilt = core.rebuilt
        error = core.error.map(TrueBadgeError.init)
    }
}

extension WakeCause {
    init(_ core: TrueBadgeCore.WakeCause) {
        self =
            switch core {
            case .launch: .launch
            case .push: .push
            case .extension: .extension
            case .foreground: .foreground
            case .backgroundRefresh: .backgroundRefresh
            case .networkBack: .networkBack
            case .lowPowerModeEnded: .lowPowerModeEnded
            case .operation: .operation
            }
    }

    var core: TrueBadgeCore.WakeCause {
        switch self {
        case .launch: .launch
        case .push: .push
        case .extension: .extension
        case .foreground: .foreground
        case .backgroundRefresh: .backgroundRefresh
        case .networkBack: .networkBack
        case .lowPowerModeEnded: .lowPowerModeEnded
        case .operation: .operation
        }
    }
}

extension PushDisposition {
    init(_ core: TrueBadgeCore.Disposition) {
        self =
            switch core {
            case .malformed: .malformed
            case .notForUs: .notForUs
            case .epochChanged: .epochChanged
            case .stale: .stale
            case .applied: .applied
            case .diverged: .diverged
            case .gap: .gap
            }
    }
}
