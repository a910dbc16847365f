import SwiftUI
import TrueBadge
import TrueBadgeUI

/// Adds an account: by the link or the QR code that an operator gave, or by hand.
struct AddAccountView: View {
    @Environment(\.dismiss) private var dismiss
    @State private var model: AddAccountModel
    @State private var isScanning = false
    private let link: String?

    /// - Parameter link: what iOS opened the app with.
    init(_ badge: TrueBadge, link: String?) {
        _model = State(
            wrappedValue: AddAccountModel(badge, tokens: KeychainCredentials(group: Identity.group))
        )
        self.link = link
    }

    var body: some View {
        NavigationStack {
            Form {
                Section { shortcuts }
                Section {
                    fields
                } footer: {
                    Text("The relay's operator gives you these.")
                }
                if let problem = model.problem { problemRow(problem) }
            }
            .disabled(model.isBusy)
            .navigationTitle("Add account")
            .navigationBarTitleDisplayMode(.inline)
            .toolbar { toolbar }
            .sheet(isPresented: $isScanning) { scanner }
        }
        .task { if let link { model.take(link) } }
    }

    @ViewBuilder private var shortcuts: some View {
        if CodeScanner.isSupported {
            Button("Scan a QR code", systemImage: "qrcode.viewfinder") {
                Task {
                    if await CodeScanner.isAllowed() {
                        isScanning = true
                    } else {
                        model.refuseCamera()
                    }
                }
            }
        }
        PasteButton(payloadType: String.self) { @Sendable texts in
            Task { @MainActor in if let text = texts.first { model.take(text) } }
        }
        .accessibilityLabel("Paste a link")
    }

    @ViewBuilder private var fields: some View {
        TextField("Relay", text: $model.relay, prompt: Text(verbatim: "relay.example.com"))
            .textContentType(.URL)
            .keyboardType(.URL)
            .textInputAutocapitalization(.never)
            .autocorrectionDisabled()
            .accessibilityIdentifier("account.relay")
        TextField("Name", text: $model.account)
            .textContentType(.username)
            .textInputAutocapitalization(.never)
            .autocorrectionDisabled()
            .accessibilityIdentifier("account.name")
        SecureField("Token", text: $model.token)
            .textContentType(.password)
            .accessibilityIdentifier("account.token")
    }

    @ToolbarContentBuilder private var toolbar: some ToolbarContent {
        ToolbarItem(placement: .cancellationAction) {
            Button("Cancel") { dismiss() }.accessibilityIdentifier("account.cancel")
        }
        ToolbarItem(placement: .confirmationAction) {
            if model.isBusy {
                ProgressView()
            } else {
                Button("Add") { Task { if await model.add() { dismiss() } } }
                    .disabled(!model.isFilledIn)
                    .accessibilityIdentifier("account.confirm")
            }
        }
    }

    private var scanner: some View {
        NavigationStack {
            CodeScanner { text in
                isScanning = false
                model.take(text)
            }
            .ignoresSafeArea()
            .navigationTitle("Scan a QR code")
            .navigationBarTitleDisplayMode(.inline)
            .toolbar {
                ToolbarItem(placement: .cancellationAction) {
                    Button("Cancel") { isScanning = false }
                }
            }
        }
    }

    @ViewBuilder private func problemRow(_ problem: AddAccountModel.Problem) -> some View {
        Section {
            switch problem {
            case .link(.noLink): warning("That is no link to an account.")
            case .link(.missing(.relay)): warning("The link has no relay in it.")
            case .link(.missing(.account)): warning("The link has no name in it.")
            case .link(.missing(.token)): warning("The link has no token in it.")
            case .link(.repeated): warning("The link has something in it twice.")
            case .noCamera:
                warning("iOS does not let the app use the camera. Paste the link instead.")
            case .address: warning("The relay's address must start with https://")
            case .nameTaken: warning("Another account on this phone has that name.")
            case .notPossible(let reason): warning("That is not possible: \(reason)")
            case .failed(let error): ProblemView(error)
            }
        }
    }

    private func warning(_ text: LocalizedStringKey) -> some View {
        Label(text, systemImage: "exclamationmark.triangle")
            .foregroundStyle(.red)
            .accessibilityIdentifier("account.problem")
    }
}
