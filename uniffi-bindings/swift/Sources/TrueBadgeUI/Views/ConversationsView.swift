#if canImport(SwiftUI) && canImport(UIKit)
    import SwiftUI
    import TrueBadge

    /// An account's conversations with their unread counts: swipe to mark them read or unread, or to
    /// mute them.
    ///
    /// It needs a navigation stack or split view around it.
    @available(iOS 17.0, *)
    public struct ConversationsView: View {
        @State private var model: ConversationsModel
        private let name: (ConversationID) -> String

        /// - Parameters:
        ///   - badge: the app's TrueBadge.
        ///   - account: whose conversations are shown.
        ///   - name: what people call a conversation; its id without it.
        public init(
            _ badge: TrueBadge, account: AccountID,
            name: @escaping (ConversationID) -> String = \.rawValue
        ) {
            _model = State(wrappedValue: ConversationsModel(badge, account: account))
            self.name = name
        }

        /// The list.
        public var body: some View {
            List {
                if let problem = model.problem { ProblemView(problem) }
                ForEach(model.conversations ?? []) { conversation in
                    row(conversation)
                }
            }
            .overlay { placeholder }
            .navigationTitle(Text(verbatim: model.id.rawValue))
            .toolbar {
                ToolbarItem(placement: .primaryAction) {
                    Button {
                        Task { await model.markAllRead() }
                    } label: {
                        Label(own: "Mark all read", systemImage: "checkmark.circle")
                    }
                    .disabled(model.isAllRead)
                }
            }
            .refreshable { await model.refresh() }
            .task { await model.follow() }
        }

        @ViewBuilder private var placeholder: some View {
            if model.conversations == nil {
                if model.problem == nil { ProgressView() }
            } else if model.conversations?.isEmpty == true, model.problem == nil {
                ContentUnavailableView {
                    Label(own: "All read", systemImage: "tray")
                } description: {
                    Text(own: "Conversations with something unread show here.")
                }
            }
        }

        private func row(_ conversation: Conversation) -> some View {
            ConversationRow(name: name(conversation.id), conversation: conversation)
                .swipeActions(edge: .leading, allowsFullSwipe: true) {
                    readButton(conversation).tint(.blue)
                }
                .swipeActions(edge: .trailing) {
                    muteButton(conversation).tint(.indigo)
                }
                .contextMenu {
                    readButton(conversation)
                    levelPicker(conversation)
                }
        }

        private func readButton(_ conversation: Conversation) -> some View {
            Button {
                Task {
                    if conversation.isUnread {
                        await model.markRead(conversation)
                    } else {
                        await model.markUnread(conversation)
                    }
                }
            } label: {
                if conversation.isUnread {
                    Label(own: "Mark read", systemImage: "envelope.open")
                } else {
                    Label(own: "Mark unread", systemImage: "envelope.badge")
                }
            }
        }

        private func muteButton(_ conversation: Conversation) -> some View {
            Button {
                choose(conversation.level == .none ? .all : .none, for: conversation)
            } label: {
                if conversation.level == .none {
                    Label(own: "Unmute", systemImage: "bell")
                } else {
                    Label(own: "Mute", systemImage: "bell.slash")
                }
            }
        }

        private func levelPicker(_ conversation: Conversation) -> some View {
            Picker(
                selection: Binding(
                    get: { @MainActor in conversation.level },
                    set: { @MainActor level in choose(level, for: conversation) })
            ) {
                Text(own: "Everything counts").tag(Conversation.Level.all)
                Text(own: "Only mentions count").tag(Conversation.Level.mentions)
                Text(own: "Nothing counts").tag(Conversation.Level.none)
            } label: {
                Label(own: "What counts", systemImage: "bell")
            }
            .pickerStyle(.menu)
        }

        private func choose(_ level: Conversation.Level, for conversation: Conversation) {
            Task { await model.setLevel(level, of: conversation) }
        }
    }
#endif
