import Foundation
internal import TrueBadgeCore

/// Why a call did not do what it was asked; each case is one thing to do about it. The badge is as
/// it was, and nothing was lost.
///
/// The texts are in English and German. An app that speaks other languages, or wants other words, has
/// them in a `TrueBadge.strings` of its own: the keys are the cases' names, followed by `.recovery` for
/// what to do.
public enum TrueBadgeError: Error, Equatable, Sendable {
    /// Passing trouble: call again later, or wait for the next wake.
    case tryAgain(String)
    /// The phone has not been unlocked since it started: call again after the first unlock.
    case locked
    /// ``TrueBadge/TrueBadge/suspend()`` was called: resume first.
    case suspended
    /// The account's credentials are no good: let the person sign in again.
    case signIn(String)
    /// The store is damaged. The relay has everything but what was not sent yet.
    case repair
    /// The phone's storage is full: free some.
    case storageFull
    /// The extension found no store that it may use: the app has to be opened once.
    case openApp
    /// A newer version of the app wrote the store: update the app.
    case updateApp
    /// The call is wrong: fix the code that makes it.
    case fixCall(String)
    /// The app's set-up is wrong: check the directory, or the relay's address and version.
    case checkSetUp(String)
    /// The core failed in a way that it should not: report it.
    case internalFailure(String)
}

extension TrueBadgeError: LocalizedError {
    /// What happened, in one sentence for a person.
    public var errorDescription: String? {
        switch self {
        case .tryAgain: text("tryAgain", "The badge could not be brought up to date just now.")
        case .locked: text("locked", "The phone has not been unlocked since it was restarted.")
        case .suspended: text("suspended", "The app is in the background.")
        case .signIn: text("signIn", "An account is signed out.")
        case .repair: text("repair", "The stored read states are damaged.")
        case .storageFull: text("storageFull", "The phone's storage is full.")
        case .openApp: text("openApp", "The app has not been opened since it was installed.")
        case .updateApp: text("updateApp", "The read states belong to a newer version of the app.")
        case .fixCall: text("fixCall", "The app asked for something that is not possible.")
        case .checkSetUp: text("checkSetUp", "The app is not set up as its server expects.")
        case .internalFailure: text("internalFailure", "Something went wrong inside the app.")
        }
    }

    /// What is known beyond that, for whoever looks into it.
    public var failureReason: String? {
        switch self {
        case .tryAgain(let reason), .signIn(let reason), .fixCall(let reason),
            .checkSetUp(let reason), .internalFailure(let reason):
            reason
        case .locked, .suspended, .repair, .storageFull, .openApp, .updateApp: nil
        }
    }

    /// What to do about it, in one sentence for a person.
    public var recoverySuggestion: String? {
        switch self {
        case .tryAgain:
            text("tryAgain.recovery", "Nothing to do: it is tried again by itself.")
        case .locked: text("locked.recovery", "Unlock the phone once.")
        case .suspended: text("suspended.recovery", "Open the app.")
        case .signIn: text("signIn.recovery", "Sign in to the account again.")
        case .repair: text("repair.recovery", "Repair them: they are fetched again.")
        case .storageFull: text("storageFull.recovery", "Free some storage.")
        case .openApp: text("openApp.recovery", "Open the app once.")
        case .updateApp: text("updateApp.recovery", "Update the app.")
        case .fixCall, .internalFailure:
            text("report.recovery", "Report this to the app's developer.")
        case .checkSetUp:
            text("checkSetUp.recovery", "Check the server's address and update the app.")
        }
    }

    /// In the app's own words where it has some, otherwise in this package's.
    private func text(_ key: String, _ english: String) -> String {
        #if canImport(UIKit)
            let ours = Bundle.module.localizedString(
                forKey: key, value: english, table: "TrueBadge")
        #else
            // Only Xcode compiles string catalogues.
            let ours = english
        #endif
        return Bundle.main.localizedString(forKey: key, value: ours, table: "TrueBadge")
    }
}

extension TrueBadgeError {
    init(_ error: TrueBadgeCore.TrueBadgeError) {
        self =
            switch error {
            case .TryAgain(let reason): .tryAgain(reason)
            case .Locked: .locked
            case .Suspended: .suspended
            case .SignIn(let reason): .signIn(reason)
            case .Repair: .repair
            case .FreeSpace: .storageFull
            case .OpenApp: .openApp
            case .UpdateApp: .updateApp
            case .FixCall(let reason): .fixCall(reason)
            case .CheckSetUp(let reason): .checkSetUp(reason)
            case .Cancelled: .tryAgain("it was cancelled")
            }
    }
}

/// The core's errors as this module's, its cancellation as Swift's; whatever else crosses is a
/// fault (a panic in the core, for one).
func translated(_ error: any Error) -> any Error {
    switch error {
    case TrueBadgeCore.TrueBadgeError.Cancelled: CancellationError()
    case let error as TrueBadgeCore.TrueBadgeError: TrueBadgeError(error)
    default: TrueBadgeError.internalFailure(String(describing: error))
    }
}

/// A call into the core, with its errors as this module's.
func calling<Value>(_ call: () throws -> Value) throws -> Value {
    do {
        return try call()
    } catch {
        throw translated(error)
    }
}
