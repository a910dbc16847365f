import SwiftUI
import TrueBadge
import TrueBadgeUI

/// The first run, then the accounts; or what kept the app from starting.
struct RootView: View {
    let delegate: AppDelegate

    @Environment(\.scenePhase) private var scenePhase
    @State private var welcome = WelcomeModel(SystemPermission())
    @State private var link: AccountLink?

    var body: some View {
        Group {
            if let badge = delegate.start.badge {
                OverviewView(badge, link: $link)
            } else {
                notStarted
            }
        }
        .sheet(isPresented: .constant(welcome.isDue)) {
            WelcomeView(model: welcome)
        }
        .onOpenURL { url in link = AccountLink(url) }
        .task(id: scenePhase) { await welcome.load() }
    }

    @ViewBuilder private var notStarted: some View {
        if let error = delegate.startError as? any LocalizedError {
            ContentUnavailableView {
                Label("TrueBadge could not start", systemImage: "exclamationmark.triangle")
            } description: {
                Text(verbatim: error.errorDescription ?? error.localizedDescription)
                if let recovery = error.recoverySuggestion { Text(verbatim: recovery) }
            }
        } else {
            ProgressView()
        }
    }
}
