import Foundation
internal import TrueBadgeCore

extension TrueBadge {
    /// What TrueBadge needs to know of the app.
    public struct Configuration: Sendable, Equatable {
        /// The directory of the store. Shared by the app and its extension through an app group.
        public var directory: URL
        /// This phone: random, kept where no backup carries it to another phone.
        public var device: String
        /// The app's bundle identifier.
        public var topic: String
        /// Which of Apple's push services the app's tokens belong to.
        public var environment: PushEnvironment
        /// The app's version, for the relay's operator.
        public var appVersion: String
        /// Which of the app's processes this is.
        public var process: Process
        /// What happens to delivered notifications when the badge becomes 0. The same in the app and
        /// its extension.
        public var atZero: AtZero
        /// The time that a wake may take: iOS kills an app that takes more than about 30 s.
        public var budget: Duration

        /// The app, in production, with 25 s for a wake.
        public init(
            directory: URL, device: String, topic: String,
            environment: PushEnvironment = .production, appVersion: String,
            process: Process = .app, atZero: AtZero = .keep,
            budget: Duration = .seconds(25)
        ) {
            self.directory = directory
            self.device = device
            self.topic = topic
            self.environment = environment
            self.appVersion = appVersion
            self.process = process
            self.atZero = atZero
            self.budget = budget
        }
    }

    /// Which of Apple's push services a token belongs to.
    public enum PushEnvironment: Sendable {
        /// Apps that Xcode installed.
        case sandbox
        /// TestFlight and the App Store.
        case production
    }

    /// Which of an app's processes runs TrueBadge.
    public enum Process: Sendable {
        /// The app itself.
        case app
        /// The notification service extension: it never makes or repairs the store.
        case `extension`
    }

    /// What happens to delivered notifications when the badge becomes 0, at which iOS drops all of
    /// the app's: also those of muted conversations and of accounts that take no part in the badge.
    public enum AtZero: Sendable {
        /// Those that are read are removed one by one, then 0 is set, and those that iOS dropped
        /// though they are not read are delivered again, silently.
        case keep
        /// 0 is set at once, and iOS drops them all.
        case clear
    }

    /// What TrueBadge asks of the phone.
    public struct Bridges: Sendable {
        /// The number on the app's icon.
        public var badge: any AppIconBadge
        /// The notifications that iOS shows.
        public var notifications: any NotificationList
        /// The accounts' device tokens.
        public var credentials: any CredentialStore
        /// What carries requests to relays; `nil` for the core's own way.
        public var transport: (any Transport)?

        /// These.
        public init(
            badge: any AppIconBadge, notifications: any NotificationList,
            credentials: any CredentialStore, transport: (any Transport)? = nil
        ) {
            self.badge = badge
            self.notifications = notifications
            self.credentials = credentials
            self.transport = transport
        }
    }
}

extension TrueBadge.Configuration {
    var core: TrueBadgeCore.Configuration {
        TrueBadgeCore.Configuration(
            directory: directory.path, device: device, topic: topic,
            environment: environment == .sandbox ? .sandbox : .production,
            appVersion: appVersion, process: process == .app ? .app : .extension,
            atZero: atZero == .keep ? .keep : .clear)
    }

    /// SQLite's own file-protection flags do not exist in the core's build, so the directory's
    /// protection, which new files take over, is set before the first open.
    func makeDirectory() throws {
        do {
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: true)
        } catch {
            throw TrueBadgeError.checkSetUp("the directory of the store can't be made")
        }
        #if canImport(UIKit)
            do {
                try FileManager.default.protectUntilFirstUnlock(directory)
            } catch {
                throw TrueBadgeError.checkSetUp("the directory of the store can't be protected")
            }
        #endif
    }
}

extension Duration {
    /// Whole milliseconds, within what the core takes.
    var milliseconds: UInt32 {
        let (seconds, attoseconds) = components
        let longest = Int64(UInt32.max / 1000 - 1)
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < longest else { return UInt32(longest) * 1000 }
        return UInt32(seconds) * 1000 + UInt32(attoseconds / 1_000_000_000_000_000)
    }
}
