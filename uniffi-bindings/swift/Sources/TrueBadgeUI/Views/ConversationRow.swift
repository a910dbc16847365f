#if canImport(SwiftUI) && canImport(UIKit)
    import SwiftUI
    import TrueBadge

    /// A conversation: its name, what is unread in it, and whether that counts.
    @available(iOS 17.0, *)
    struct ConversationRow: View {
        let name: String
        let conversation: Conversation

        var body: some View {
            LabeledContent {
                HStack {
                    if conversation.isPending {
                        Image(systemName: "arrow.up.circle")
                            .accessibilityLabel(Text(own: "Waiting to be sent"))
                    }
                    count
                }
            } label: {
                Text(verbatim: name)
                    .fontWeight(conversation.isUnread ? .semibold : .regular)
                if let level { level.font(.footnote).foregroundStyle(.secondary) }
            }
            .accessibilityElement(children: .combine)
        }

        @ViewBuilder private var count: some View {
            if conversation.unread > 0 {
                Text(conversation.unread, format: .number)
                    .monospacedDigit()
                    .foregroundStyle(conversation.level == .none ? .secondary : .primary)
                    .accessibilityLabel(Text(own: "\(conversation.unread) unread"))
            } else if conversation.isMarkedUnread {
                Image(systemName: "circle.fill")
                    .font(.caption)
                    .foregroundStyle(.tint)
                    .accessibilityLabel(Text(own: "Marked unread"))
            }
        }

        private var level: Text? {
            switch conversation.level {
            case .all:
                conversation.mentions > 0 ? Text(own: "\(conversation.mentions) mentions") : nil
            case .mentions: Text(own: "Only mentions count")
            case .none: Text(own: "Muted")
            }
        }
    }
#endif
