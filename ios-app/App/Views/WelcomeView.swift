import SwiftUI

/// The first run: what the app does, and why it asks for the permission.
struct WelcomeView: View {
    let model: WelcomeModel

    @ScaledMetric(relativeTo: .largeTitle) private var symbolSize = 64

    var body: some View {
        ScrollView {
            VStack(spacing: 24) {
                Image(systemName: "app.badge.checkmark")
                    .font(.system(size: symbolSize))
                    .foregroundStyle(.tint)
                    .accessibilityHidden(true)
                Text("A badge that tells the truth")
                    .font(.largeTitle.bold())
                    .multilineTextAlignment(.center)
                VStack(alignment: .leading, spacing: 16) {
                    reason(
                        "What you read elsewhere leaves the icon here, even when a push was lost.",
                        systemImage: "desktopcomputer")
                    reason(
                        "For that, iOS has to let the app show a number on its icon. It asks you once.",
                        systemImage: "hand.raised")
                    reason(
                        "Sounds and banners come only for new messages, and you can turn them off in Settings.",
                        systemImage: "bell")
                }
            }
            .padding(32)
        }
        .safeAreaInset(edge: .bottom) {
            Button {
                Task { await model.ask() }
            } label: {
                Text("Continue").frame(maxWidth: .infinity)
            }
            .buttonStyle(.borderedProminent)
            .controlSize(.large)
            .accessibilityIdentifier("welcome.continue")
            .padding()
            .background(.bar)
        }
        .interactiveDismissDisabled()
    }

    private func reason(_ text: LocalizedStringKey, systemImage: String) -> some View {
        Label {
            Text(text)
        } icon: {
            Image(systemName: systemImage).foregroundStyle(.tint)
        }
        .accessibilityElement(children: .combine)
    }
}
