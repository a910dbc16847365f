import SwiftUI
import TrueBadge
import TrueBadgeUI

/// The first run, then the accounts; or what kept the app from starting.
struct RootView: View {
    let delegate: AppDelegate

    @Environment(\.scenePhase) private var scenePhase
    @State private var sheets = SheetModel(WelcomeModel(SystemPermission()))

    var body: some View {
        Group {
            if let badge = delegate.start.badge {
                OverviewView(badge, sheets: sheets)
            } else {
                notStarted
            }
        }
        .safeAreaInset(edge: .bottom) { if delegate.start.isOffline { offline } }
        .onOpenURL { link in sheets.open(link) }
        .task(id: scenePhase) { await sheets.welcome.load() }
    }

    private var offline: some View {
        Label("Offline – what you do is sent later", systemImage: "wifi.slash")
            .font(.footnote)
            .padding(8)
            .frame(maxWidth: .infinity)
            .background(.bar)
            .accessibilityIdentifier("offline")
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
