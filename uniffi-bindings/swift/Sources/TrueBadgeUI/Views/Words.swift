#if canImport(SwiftUI) && canImport(UIKit)
    import SwiftUI

    extension Text {
        /// A text of this module's own catalogue, which apps need not translate.
        init(own key: LocalizedStringKey) { self.init(key, bundle: .module) }
    }

    extension Label where Title == Text, Icon == Image {
        /// A label in this module's own words.
        init(own key: LocalizedStringKey, systemImage name: String) {
            self.init {
                Text(own: key)
            } icon: {
                Image(systemName: name)
            }
        }
    }
#endif
