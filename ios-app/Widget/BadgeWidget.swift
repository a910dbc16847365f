import SwiftUI
import WidgetKit

/// The app's widgets.
@main
struct BadgeWidgets: WidgetBundle {
    var body: some Widget { BadgeWidget() }
}

/// The number of the icon, on the Lock Screen and the Home Screen.
struct BadgeWidget: Widget {
    var body: some WidgetConfiguration {
        StaticConfiguration(kind: "badge", provider: BadgeTimeline()) { entry in
            BadgeWidgetView(entry: entry)
        }
        .configurationDisplayName("Unread")
        .description("The number on the icon, as it really is.")
        .supportedFamilies([
            .accessoryCircular, .accessoryInline, .accessoryRectangular, .systemSmall,
        ])
    }
}

/// The number in the shape of each family.
struct BadgeWidgetView: View {
    @Environment(\.widgetFamily) private var family
    let entry: BadgeEntry

    var body: some View {
        content
            .containerBackground(for: .widget) { Color(uiColor: .systemBackground) }
            .accessibilityElement(children: .ignore)
            .accessibilityLabel(sentence)
    }

    @ViewBuilder private var content: some View {
        switch family {
        case .accessoryInline:
            Label {
                sentence
            } icon: {
                icon
            }
        case .accessoryCircular: circular
        case .accessoryRectangular: rectangular
        default: small
        }
    }

    private var circular: some View {
        ZStack {
            AccessoryWidgetBackground()
            VStack {
                icon.font(.caption)
                number.font(.title2.bold())
            }
        }
    }

    private var rectangular: some View {
        HStack {
            number.font(.largeTitle.bold())
            sentence.font(.caption)
        }
    }

    private var small: some View {
        VStack(alignment: .leading) {
            icon.font(.title2).foregroundStyle(.tint)
            Spacer()
            number.font(.system(.largeTitle, design: .rounded).bold())
            sentence.font(.caption).foregroundStyle(.secondary)
        }
        .frame(maxWidth: .infinity, alignment: .leading)
    }

    private var icon: Image {
        entry.badge == 0 ? Image(systemName: "tray") : Image(systemName: "tray.full")
    }

    private var number: Text {
        guard let badge = entry.badge else { return Text(verbatim: "–") }
        return Text(badge, format: .number)
    }

    private var sentence: Text {
        guard let badge = entry.badge else { return Text("Not known yet") }
        return badge == 0 ? Text("All read") : Text("\(badge) unread")
    }
}
