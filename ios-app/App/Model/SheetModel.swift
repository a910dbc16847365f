import Foundation
import Observation

/// What lies over the accounts: one thing at a time, and the first run before anything else.
@available(iOS 17.0, *)
@MainActor @Observable
final class SheetModel {
    enum Sheet: Hashable, Identifiable {
        /// The first run.
        case welcome
        /// The form that adds an account, by hand or with a link that was opened.
        case addAccount(link: String?)
        case settings

        var id: Self { self }
    }

    /// The first run.
    let welcome: WelcomeModel
    private var wanted: Sheet?

    init(_ welcome: WelcomeModel) { self.welcome = welcome }

    /// The sheet. What is asked for during the first run is shown after it, and only that ends it.
    var shown: Sheet? {
        get {
            guard welcome.status != nil else { return nil }
            return welcome.isDue ? .welcome : wanted
        }
        set {
            if newValue != nil || !welcome.isDue { wanted = newValue }
        }
    }

    /// iOS opened the app with a link, whatever it may be.
    func open(_ link: URL) { shown = .addAccount(link: link.absoluteString) }
}
