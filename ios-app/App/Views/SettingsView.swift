import SwiftUI
import TrueBadge
import UIKit

/// Which number the icon shows, and which accounts count in it.
struct SettingsView: View {
    let model: OverviewModel

    @Environment(\.dismiss) private var dismiss
    @Environment(\.openURL) private var openURL
    @State private var permission = WelcomeModel(SystemPermission())

    var body: some View {
        NavigationStack {
            Form {
                Section {
                    Picker("The badge shows", selection: policy) {
                        Text("Unread messages").tag(BadgePolicy.messages)
                        Text("Conversations with something unread").tag(BadgePolicy.conversations)
                        Text("Messages that mention you").tag(BadgePolicy.mentions)
                        Text("Nothing").tag(BadgePolicy.off)
                    }
                    .pickerStyle(.inline)
                    .labelsHidden()
                } header: {
                    Text("The badge shows")
                }
                if !model.accounts.isEmpty {
                    Section("Accounts that count") {
                        ForEach(model.accounts) { account in
                            Toggle(isOn: participation(of: account)) {
                                Text(verbatim: account.id.rawValue)
                            }
                        }
                    }
                }
                Section {
                    notifications
                } header: {
                    Text("Notifications")
                }
            }
            .navigationTitle("Settings")
            .navigationBarTitleDisplayMode(.inline)
            .toolbar {
                ToolbarItem(placement: .confirmationAction) { Button("Done") { dismiss() } }
            }
            .task { await permission.load() }
        }
    }

    @ViewBuilder private var notifications: some View {
        switch permission.status {
        case .allowed:
            Label("iOS lets the app show its badge", systemImage: "checkmark.circle")
        case .withoutBadge, .denied:
            Label("iOS does not let the app show its badge", systemImage: "xmark.circle")
        case .undecided, nil:
            Label("iOS has not asked you yet", systemImage: "questionmark.circle")
        }
        if let settings = URL(string: UIApplication.openNotificationSettingsURLString) {
            Button("Open Settings", systemImage: "gear") { openURL(settings) }
        }
    }

    private var policy: Binding<BadgePolicy> {
        Binding(
            get: { @MainActor in model.policy },
            set: { @MainActor policy in Task { await model.setPolicy(policy) } })
    }

    private func participation(of account: Account) -> Binding<Bool> {
        Binding(
            get: { @MainActor in account.participates },
            set: { @MainActor counts in Task { await model.setParticipation(counts, of: account) } }
        )
    }
}
