// swift-format-ignore-file
// As much of Apple's XCTest as the app's UI tests use. Linux has an XCTest, but not its UI part
// (https://developer.apple.com/documentation/xcuiautomation), and the two can't be mixed.
@_exported import Foundation
@_exported import FoundationNetworking

open class XCTestCase: NSObject {
    open var continueAfterFailure = true
    open func setUpWithError() throws {}
}
public struct XCTSkip: Error { public init(_ message: @autoclosure () -> String? = nil, file: StaticString = #filePath, line: UInt = #line) {} }
public func XCTUnwrap<T>(_ expression: @autoclosure () throws -> T?, _ message: @autoclosure () -> String = "", file: StaticString = #filePath, line: UInt = #line) throws -> T { fatalError() }
public func XCTAssertTrue(_ expression: @autoclosure () throws -> Bool, _ message: @autoclosure () -> String = "", file: StaticString = #filePath, line: UInt = #line) {}
public func XCTAssertFalse(_ expression: @autoclosure () throws -> Bool, _ message: @autoclosure () -> String = "", file: StaticString = #filePath, line: UInt = #line) {}
public func XCTAssertEqual<T: Equatable>(_ expression1: @autoclosure () throws -> T, _ expression2: @autoclosure () throws -> T, _ message: @autoclosure () -> String = "", file: StaticString = #filePath, line: UInt = #line) {}

@MainActor open class XCUIElement: NSObject {
    public var value: Any? { nil }
    public func tap() {}
    public func typeText(_ text: String) {}
    public func waitForExistence(timeout: TimeInterval) -> Bool { false }
    public var buttons: XCUIElementQuery { XCUIElementQuery() }
    public var icons: XCUIElementQuery { XCUIElementQuery() }
    public var textFields: XCUIElementQuery { XCUIElementQuery() }
    public var secureTextFields: XCUIElementQuery { XCUIElementQuery() }
    public var alerts: XCUIElementQuery { XCUIElementQuery() }
    public func descendants(matching type: XCUIElement.ElementType) -> XCUIElementQuery { XCUIElementQuery() }
    public enum ElementType: UInt, Sendable { case any = 0 }
}
@MainActor open class XCUIElementQuery: NSObject {
    public subscript(key: String) -> XCUIElement { XCUIElement() }
    public var firstMatch: XCUIElement { XCUIElement() }
    public func matching(identifier: String) -> XCUIElementQuery { self }
    public func element(boundBy index: Int) -> XCUIElement { XCUIElement() }
}
@MainActor open class XCUIApplication: XCUIElement {
    public override init() {}
    public init(bundleIdentifier: String) {}
    public func launch() {}
    /// https://developer.apple.com/documentation/xcuiautomation/xcuiapplication/open(_:)
    public func open(_ url: URL) {}
}
@MainActor open class XCUIDevice: NSObject {
    public class var shared: XCUIDevice { XCUIDevice() }
    public enum Button: Int, Sendable { case home = 1 }
    public func press(_ button: Button) {}
}
