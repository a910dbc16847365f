#if canImport(SwiftUI) && canImport(UIKit)
    import SwiftUI
    import TrueBadge

    /// Why the number on the icon is what it is: how it is made up by account and conversation, when
    /// the phone last heard from each relay, and what waits to be sent. It can ask every relay, and
    /// repair the store.
    ///
    /// It needs a navigation stack or split view around it.
    @available(iOS 17.0, *)
    public struct WhyThisNumberView: View {
        @State private var model: WhyModel
        @State private var asksForRepair = false
        private let name: (ConversationID) -> String

        /// - Parameters:
        ///   - badge: the app's TrueBadge.
        ///   - name: what people call a conversation; its id without it.
        public init(_ badge: TrueBadge, name: @escaping (ConversationID) -> String = \.rawValue) {
            _model = State(wrappedValue: WhyModel(badge))
            self.name = name
        }

        /// The list.
        public var body: some View {
            List {
                if let problem = model.problem { ProblemView(problem) }
                if let explanation = model.explanation {
                    NumberSection(explanation: explanation)
                    ForEach(explanation.shares) { share in
                        ShareSection(share: share, name: name)
                    }
                    remedies
                }
            }
            .overlay { if model.explanation == nil, model.problem == nil { ProgressView() } }
            .navigationTitle(Text(own: "Why this number?"))
            .navigationBarTitleDisplayMode(.inline)
            .refreshable { await model.refresh() }
            .task { await model.follow() }
        }

        private var remedies: some View {
            Section {
                Button {
                    Task { await model.refresh() }
                } label: {
                    Label(own: "Ask every relay now", systemImage: "arrow.clockwise")
                }
                Button {
                    asksForRepair = true
                } label: {
                    Label(own: "Repair", systemImage: "wrench.adjustable")
                }
                .confirmationDialog(
                    Text(own: "Repair"), isPresented: $asksForRepair, titleVisibility: .visible
                ) {
                    Button {
                        Task { await model.repair() }
                    } label: {
                        Text(own: "Fetch everything again")
                    }
                } message: {
                    Text(own: "Nothing that you did is lost.")
                }
            } footer: {
                if model.isBusy { ProgressView() }
            }
            .disabled(model.isBusy)
        }
    }

    /// The number itself, and which number it is.
    @available(iOS 17.0, *)
    private struct NumberSection: View {
        let explanation: Explanation

        var body: some View {
            Section {
                VStack(spacing: 4) {
                    number
                        .font(.system(.largeTitle, design: .rounded).bold())
                    policy.foregroundStyle(.secondary)
                }
                .frame(maxWidth: .infinity)
                .accessibilityElement(children: .combine)
                if explanation.waiting > 0 {
                    Label(
                        own: "\(explanation.waiting) changes wait to be sent",
                        systemImage: "arrow.up.circle")
                }
            } footer: {
                footer
            }
        }

        @ViewBuilder private var number: some View {
            if explanation.badge.isKnown {
                Text(explanation.badge.badge, format: .number)
                    .monospacedDigit()
                    .contentTransition(.numericText())
            } else {
                Text(verbatim: "–").accessibilityLabel(Text(own: "Not known yet"))
            }
        }

        private var policy: Text {
            switch explanation.policy {
            case .messages: Text(own: "Unread messages")
            case .conversations: Text(own: "Conversations with something unread")
            case .mentions: Text(own: "Messages that mention you")
            case .off: Text(own: "The badge is off")
            }
        }

        @ViewBuilder private var footer: some View {
            if !explanation.badge.isKnown {
                Text(
                    own:
                        "Not enough was heard from the relays yet. Until then the icon stays as it is."
                )
            } else if !explanation.badge.isComplete {
                Text(own: "The total comes from the relay. Some conversations are not here yet.")
            }
        }
    }

    /// What one account adds, and how well it is known.
    @available(iOS 17.0, *)
    private struct ShareSection: View {
        let share: Explanation.Share
        let name: (ConversationID) -> String

        var body: some View {
            Section {
                ForEach(share.parts) { part in
                    LabeledContent {
                        Text(part.count, format: .number).monospacedDigit()
                    } label: {
                        Text(verbatim: name(part.conversation.id))
                    }
                }
                if share.unexplained != 0 {
                    LabeledContent {
                        Text(share.unexplained, format: .number).monospacedDigit()
                    } label: {
                        Text(own: "Conversations that are not here yet")
                    }
                }
                state
            } header: {
                HStack {
                    Text(verbatim: share.account.id.rawValue)
                    Spacer()
                    Text(share.count, format: .number)
                        .monospacedDigit()
                        .accessibilityLabel(Text(own: "Adds \(share.count)"))
                }
            } footer: {
                Text(verbatim: share.account.relay)
            }
        }

        @ViewBuilder private var state: some View {
            lastHeard
            if share.leftOut > 0 {
                Label(
                    own: "\(share.leftOut) unread conversations do not count",
                    systemImage: "bell.slash")
            }
            if !share.account.participates {
                Label(own: "This account does not count", systemImage: "minus.circle")
            }
            if share.account.isSignedOut {
                Label(
                    own: "The relay ended this account: add it again",
                    systemImage: "person.badge.key")
            }
            if share.account.pending > 0 {
                Label(
                    own: "\(share.account.pending) changes wait to be sent",
                    systemImage: "arrow.up.circle")
            }
            if share.account.pushTokenEnded != nil {
                Label(
                    own: "Apple ended the push token: a new one is asked for",
                    systemImage: "key.slash")
            }
            if share.account.pushesSent > share.account.pushesReceived {
                let missing = Int(clamping: share.account.pushesSent - share.account.pushesReceived)
                Label(
                    own: "\(missing) pushes have not arrived",
                    systemImage: "antenna.radiowaves.left.and.right.slash")
            }
        }

        private var lastHeard: some View {
            LabeledContent {
                if let moment = share.account.lastSynced {
                    Text(moment, style: .relative)
                } else {
                    Text(own: "Never")
                }
            } label: {
                Text(own: "Last heard from the relay")
            }
        }
    }
#endif
