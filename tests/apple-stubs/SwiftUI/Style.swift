// swift-format-ignore-file
// https://developer.apple.com/documentation/swiftui/view-styles and the pages beside it.
import UIKit

public struct Font: Hashable, Sendable {
    public enum TextStyle: Sendable { case largeTitle, title, title2, headline, body, footnote, caption }
    public enum Design: Hashable, Sendable { case `default`, rounded }
    public struct Weight: Hashable, Sendable { public static let regular = Weight(), semibold = Weight(), bold = Weight() }
    public static let largeTitle = Font(), title = Font(), title2 = Font(), headline = Font(), body = Font(), footnote = Font(), caption = Font()
    public static func system(_ style: TextStyle, design: Design? = nil, weight: Weight? = nil) -> Font { Font() }
    public static func system(size: CGFloat, weight: Weight? = nil, design: Design? = nil) -> Font { Font() }
    public func bold() -> Font { self }
}
public protocol ShapeStyle: Sendable {}
public struct Color: Primitive, ShapeStyle, Hashable, Sendable {
    public static let red = Color(), orange = Color(), blue = Color(), indigo = Color()
    nonisolated init() {}
    public nonisolated init(uiColor: UIColor) {}
}
extension ShapeStyle where Self == Color {
    public static var red: Color { Color() }
    public static var orange: Color { Color() }
    public static var blue: Color { Color() }
    public static var indigo: Color { Color() }
}
public struct HierarchicalShapeStyle: ShapeStyle {}
extension ShapeStyle where Self == HierarchicalShapeStyle {
    public static var primary: HierarchicalShapeStyle { HierarchicalShapeStyle() }
    public static var secondary: HierarchicalShapeStyle { HierarchicalShapeStyle() }
}
public struct TintShapeStyle: ShapeStyle {}
extension ShapeStyle where Self == TintShapeStyle { public static var tint: TintShapeStyle { TintShapeStyle() } }
public struct BackgroundMaterial: ShapeStyle {}
/// Really `Material`, of which `bar` is one: https://developer.apple.com/documentation/swiftui/material
extension ShapeStyle where Self == BackgroundMaterial { public static var bar: BackgroundMaterial { BackgroundMaterial() } }

@MainActor @preconcurrency public protocol PrimitiveButtonStyle {}
public struct BorderedProminentButtonStyle: PrimitiveButtonStyle { public nonisolated init() {} }
extension PrimitiveButtonStyle where Self == BorderedProminentButtonStyle { public static var borderedProminent: BorderedProminentButtonStyle { BorderedProminentButtonStyle() } }
@MainActor @preconcurrency public protocol PickerStyle {}
public struct InlinePickerStyle: PickerStyle { public nonisolated init() {} }
public struct MenuPickerStyle: PickerStyle { public nonisolated init() {} }
extension PickerStyle where Self == InlinePickerStyle { public static var inline: InlinePickerStyle { InlinePickerStyle() } }
extension PickerStyle where Self == MenuPickerStyle { public static var menu: MenuPickerStyle { MenuPickerStyle() } }

public enum ControlSize: Sendable { case mini, small, regular, large, extraLarge }
public enum TextAlignment: Sendable { case leading, center, trailing }
public enum Visibility: Sendable { case automatic, visible, hidden }
public enum HorizontalEdge: Sendable { case leading, trailing }
public enum VerticalEdge: Sendable { case top, bottom }
public struct Edge { public struct Set: OptionSet, Sendable { public let rawValue: Int8; public init(rawValue: Int8) { self.rawValue = rawValue }; public static let all = Set(rawValue: 15) } }
public struct SafeAreaRegions: OptionSet, Sendable { public let rawValue: UInt; public init(rawValue: UInt) { self.rawValue = rawValue }; public static let all = SafeAreaRegions(rawValue: .max) }
public struct ContentTransition: Equatable, Sendable { public static func numericText(countsDown: Bool = false) -> ContentTransition { ContentTransition() } }
public struct AccessibilityChildBehavior: Hashable, Sendable { public static let ignore = Self(), combine = Self(), contain = Self() }
public struct TextInputAutocapitalization: Sendable { public static var never: TextInputAutocapitalization { Self() } }
public struct NavigationBarItem: Sendable { public enum TitleDisplayMode: Sendable { case automatic, inline, large } }
