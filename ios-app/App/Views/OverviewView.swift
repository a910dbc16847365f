import SwiftUI
import TrueBadge
import TrueBadgeUI

/// The number, the accounts beside it, and what is chosen of them.
struct OverviewView: View {
    /// What the detail shows.
    private enum Place: Hashable {
        case why
        case account(AccountID)
    }

    @Bindable private var sheets: SheetModel
    @State private var model: OverviewModel
    @State private var place: Place?
    @State private var leaving: Account?

    @Environment(\.scenePhase) private var scenePhase

    init(_ badge: TrueBadge, sheets: SheetModel) {
        _model = State(wrappedValue: OverviewModel(badge))
        _sheets = Bindable(wrappedValue: sheets)
    }

    var body: some View {
        NavigationSplitView {
            sidebar
        } detail: {
            NavigationStack { detail }
        }
        .sheet(item: $sheets.shown) { sheet in
            switch sheet {
            case .welcome: WelcomeView(model: sheets.welcome)
            case .addAccount(let link): AddAccountView(model.badge, link: link)
            case .settings: SettingsView(model: model)
            }
        }
        .task { await model.follow() }
        .task(id: scenePhase) { if scenePhase == .active { await model.load() } }
    }

    private var sidebar: some View {
        List(selection: $place) {
            if let problem = model.problem { ProblemView(problem) }
            if !model.rejected.isEmpty { rejected }
            if !model.accounts.isEmpty {
                Section { number }
                Section("Accounts") {
                    ForEach(model.accounts) { account in row(account) }
                }
            }
        }
        .overlay { placeholder }
        .navigationTitle(Text(verbatim: "TrueBadge"))
        .toolbar { toolbar }
        .refreshable { await model.refresh() }
        .confirmationDialog(
            "Sign out?", isPresented: isLeaving, titleVisibility: .visible, presenting: leaving
        ) { account in
            Button("Sign out of \(account.id.rawValue)", role: .destructive) {
                if place == .account(account.id) { place = nil }
                Task { await model.signOut(account) }
            }
        } message: { _ in
            Text("Its conversations leave this phone, and its notifications stop.")
        }
    }

    @ViewBuilder private var detail: some View {
        switch place {
        case .why: WhyThisNumberView(model.badge)
        case .account(let account): ConversationsView(model.badge, account: account).id(account)
        case nil:
            ContentUnavailableView("Choose an account", systemImage: "tray.full")
        }
    }

    @ToolbarContentBuilder private var toolbar: some ToolbarContent {
        ToolbarItem(placement: .topBarLeading) {
            Button("Settings", systemImage: "gearshape") { sheets.shown = .settings }
        }
        ToolbarItem(placement: .primaryAction) {
            Button("Add account", systemImage: "plus") { sheets.shown = .addAccount(link: nil) }
                .accessibilityIdentifier("account.add")
        }
    }

    private var number: some View {
        NavigationLink(value: Place.why) {
            LabeledContent {
                badgeNumber
                    .font(.title2.bold())
                    .accessibilityIdentifier("badge.number")
            } label: {
                Label("Why this number?", systemImage: "app.badge")
            }
        }
        .accessibilityElement(children: .combine)
    }

    @ViewBuilder private var badgeNumber: some View {
        if let state = model.state, state.isKnown {
            Text(state.badge, format: .number)
                .monospacedDigit()
                .contentTransition(.numericText())
        } else {
            Text(verbatim: "–").accessibilityLabel("Not known yet")
        }
    }

    private func row(_ account: Account) -> some View {
        NavigationLink(value: Place.account(account.id)) { AccountRow(account: account) }
            .swipeActions(edge: .leading, allowsFullSwipe: true) {
                Button("Mark all read", systemImage: "checkmark.circle") {
                    Task { await model.markAllRead(in: account) }
                }
                .tint(.blue)
            }
            .swipeActions(edge: .trailing, allowsFullSwipe: false) {
                Button("Sign out", systemImage: "rectangle.portrait.and.arrow.right") {
                    leaving = account
                }
                .tint(.red)
            }
    }

    private var rejected: some View {
        Section {
            Label {
                Text("\(model.rejected.count) changes were refused")
            } icon: {
                Image(systemName: "xmark.circle").foregroundStyle(.red)
            }
            Button("OK") { Task { await model.forgetRejected() } }
        } footer: {
            Text("The relay did not accept them. The conversations show what the relay has.")
        }
    }

    @ViewBuilder private var placeholder: some View {
        if model.state == nil, model.problem == nil {
            ProgressView()
        } else if model.accounts.isEmpty, model.problem == nil {
            ContentUnavailableView {
                Label("No account yet", systemImage: "person.crop.circle.badge.plus")
            } description: {
                Text("Add one with the link or the QR code that you were given.")
            } actions: {
                Button("Add account") { sheets.shown = .addAccount(link: nil) }
                    .buttonStyle(.borderedProminent)
            }
        }
    }

    private var isLeaving: Binding<Bool> {
        Binding(
            get: { @MainActor in leaving != nil },
            set: { @MainActor shown in if !shown { leaving = nil } })
    }
}
