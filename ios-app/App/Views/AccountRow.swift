import SwiftUI
import TrueBadge

/// An account: its name, its relay, what counts of it, and what is the matter with it.
struct AccountRow: View {
    let account: Account

    var body: some View {
        LabeledContent {
            if account.unread > 0 {
                Text(account.unread, format: .number)
                    .monospacedDigit()
                    .foregroundStyle(account.participates ? .primary : .secondary)
                    .accessibilityLabel("\(Int(clamping: account.unread)) unread")
            }
        } label: {
            Text(verbatim: account.id.rawValue)
            status.font(.footnote).foregroundStyle(.secondary)
        }
        .accessibilityElement(children: .combine)
        .accessibilityIdentifier("account.row.\(account.id.rawValue)")
    }

    private var status: Text {
        if account.isSignedOut { return Text("Signed out: add it again") }
        if account.pending > 0 { return Text("\(account.pending) changes wait to be sent") }
        if account.lastSynced == nil { return Text("Not heard from yet") }
        if !account.participates { return Text("Does not count") }
        return Text(verbatim: URL(string: account.relay)?.host() ?? account.relay)
    }
}
