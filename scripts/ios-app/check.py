"""Cross-checks the Xcode project of the app, without Xcode: what names what has to exist and to agree.

    python3 scripts/ios-app/check.py [CHECKOUT]
    python3 scripts/ios-app/check.py --self-test    plants faults in a copy, and wants each of them found
"""

import json
import plistlib
import re
import shutil
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pbxproj
import strings

ID = re.compile(r"[0-9A-F]{24}")
VARIABLE = re.compile(r"\$\((\w+)\)")


class Checked:
    """The checkout, and what was found wrong in it."""

    def __init__(self, root):
        self.root = root
        self.app = root / "ios-app"
        self.swift = root / "uniffi-bindings/swift/Sources"
        self.project = self.app / "TrueBadge.xcodeproj"
        self.wrong = []
        content = pbxproj.parse((self.project / "project.pbxproj").read_text())
        self.version = content["objectVersion"]
        self.root_id = content["rootObject"]
        self.objects = content["objects"]
        self.settings = self.read_xcconfig(self.app / "Config/TrueBadge.xcconfig")

    def complain(self, path, sentence):
        self.wrong.append(f"{Path(path).relative_to(self.root)}: {sentence}")

    def expect(self, condition, path, sentence):
        if not condition:
            self.complain(path, sentence)
        return condition

    @staticmethod
    def read_xcconfig(path):
        pairs = re.findall(r"^(\w+)[ \t]*=[ \t]*(.*?)[ \t]*$", path.read_text(), re.MULTILINE)
        return dict(pairs)

    def all(self, isa):
        return {id: object for id, object in self.objects.items() if object["isa"] == isa}

    def targets(self):
        return self.all("PBXNativeTarget")

    def configurations(self, owner):
        return [self.objects[id] for id in self.objects[owner["buildConfigurationList"]]["buildConfigurations"]]

    def build_settings(self, target, name="Release"):
        project = self.configurations(self.objects[self.root_id])
        found = dict(self.settings)
        for configuration in project + self.configurations(target):
            if configuration["name"] == name:
                found |= configuration["buildSettings"]
        found.setdefault("PRODUCT_MODULE_NAME", target["name"])
        found["TARGET_NAME"] = target["name"]
        return found

    def expand(self, value, settings):
        """`$(NAME)` as Xcode expands it; what it alone knows stays."""
        if isinstance(value, dict):
            return {key: self.expand(item, settings) for key, item in value.items()}
        if isinstance(value, list):
            return [self.expand(item, settings) for item in value]
        if not isinstance(value, str):
            return value
        for _ in range(5):
            value = VARIABLE.sub(lambda match: settings.get(match[1], match[0]), value)
        return value

    def plist(self, target, setting):
        """A target's property list, its variables expanded."""
        settings = self.build_settings(target)
        path = self.app / settings[setting]
        if not self.expect(path.is_file(), path, "the project names it, but it is not there"):
            return {}
        return self.expand(plistlib.loads(path.read_bytes()), settings)

    def folders(self, target):
        groups = target["fileSystemSynchronizedGroups"]
        return [self.app / self.objects[group]["path"] for group in groups]

    def sources(self, target):
        return sorted(file for folder in self.folders(target) for file in folder.rglob("*.swift"))


def check_ids(checked):
    """Every id in the project leads somewhere, and everything is reached from its root."""
    path = checked.project / "project.pbxproj"
    checked.expect(checked.version == "77", path, "synchronized folders need objectVersion 77")
    reached, waiting = set(), [checked.root_id]
    while waiting:
        id = waiting.pop()
        if id in reached:
            continue
        reached.add(id)
        if checked.expect(id in checked.objects, path, f"{id} is referred to, but is not there"):
            waiting += ids(checked.objects[id])
    for id in checked.objects.keys() - reached:
        checked.complain(path, f"{id} ({checked.objects[id]['isa']}) belongs to nothing")


def ids(value):
    if isinstance(value, dict):
        return [id for pair in value.items() for item in pair for id in ids(item)]
    if isinstance(value, list):
        return [id for item in value for id in ids(item)]
    return [value] if ID.fullmatch(value) else []


def check_files(checked):
    """What the project shows is there, and every Swift file belongs to a target."""
    def walk(id, folder):
        object = checked.objects[id]
        place = folder / object.get("path", "")
        if object.get("sourceTree") == "<group>":
            checked.expect(place.exists(), place, "the project names it, but it is not there")
        for child in object.get("children", []):
            walk(child, place)

    walk(checked.objects[checked.root_id]["mainGroup"], checked.app)
    owned = {file for target in checked.targets().values() for file in checked.sources(target)}
    for file in checked.app.rglob("*.swift"):
        if "PhoneHost" not in file.parts and ".build" not in file.parts:
            checked.expect(file in owned, file, "belongs to no target")
    for target in checked.targets().values():
        for folder in checked.folders(target):
            checked.expect(any(folder.rglob("*.swift")), folder, "has no Swift files")


def check_packages(checked):
    """The products that targets link are the local package's."""
    manifest = (checked.root / "Package.swift").read_text()
    products = set(re.findall(r'\.library\(\s*name: "(\w+)"', manifest))
    for package in checked.all("XCLocalSwiftPackageReference").values():
        place = checked.app / package["relativePath"] / "Package.swift"
        checked.expect(place.resolve() == (checked.root / "Package.swift").resolve(), place, "is another package")
    for product in checked.all("XCSwiftPackageProductDependency").values():
        name = product["productName"]
        checked.expect(name in products, checked.root / "Package.swift", f"has no product {name}")
    for target in checked.targets().values():
        linked = {checked.objects[id]["productName"] for id in target.get("packageProductDependencies", [])}
        imported = set()
        for file in checked.sources(target):
            imported |= set(re.findall(r"^import (TrueBadge\w*)$", file.read_text(), re.MULTILINE))
        checked.expect(
            linked == imported, checked.project, f"{target['name']} links {linked}, and imports {imported}")


def check_identities(checked):
    """Bundle ids, app groups and Info.plist keys agree between the targets and the code."""
    app = next(t for t in checked.targets().values() if t["productType"].endswith(".application"))
    bundle = lambda target: checked.expand("$(PRODUCT_BUNDLE_IDENTIFIER)", checked.build_settings(target))
    every = [bundle(target) for target in checked.targets().values()]
    checked.expect(len(set(every)) == len(every), checked.project, "two targets have one bundle id")
    identity = checked.app / "Shared/Identity.swift"
    wanted = set(re.findall(r'text\("(\w+)"\)', identity.read_text()))
    for target in checked.targets().values():
        name, settings = target["name"], checked.build_settings(target)
        for configuration in ("Debug", "Release"):
            same = checked.build_settings(target, configuration)
            checked.expect(
                same["PRODUCT_BUNDLE_IDENTIFIER"] == settings["PRODUCT_BUNDLE_IDENTIFIER"]
                and float(same["IPHONEOS_DEPLOYMENT_TARGET"]) >= 17 and same["SWIFT_VERSION"] == "6.0",
                checked.project, f"{name} is another program, or for older systems, in {configuration}")
        if target["productType"].endswith("ui-testing"):
            checked.expect(settings["TEST_TARGET_NAME"] == app["name"], checked.project, f"{name} tests nothing")
            continue
        info, path = checked.plist(target, "INFOPLIST_FILE"), checked.app / settings["INFOPLIST_FILE"]
        rights = checked.plist(target, "CODE_SIGN_ENTITLEMENTS")
        groups = rights.get("com.apple.security.application-groups")
        checked.expect(groups == [info.get("TrueBadgeAppGroup")], path, f"{name} is in the app groups {groups}")
        checked.expect(info.get("TrueBadgeAppIdentifier") == bundle(app), path, "the app has another identifier")
        checked.expect(bundle(target).startswith(bundle(app)), path, f"{bundle(target)} is not inside the app's id")
        for key in wanted - info.keys():
            checked.complain(path, f"the code reads {key}, which is not there")
        for left in VARIABLE.findall(json.dumps(info)):
            checked.expect(left in ("DEVELOPMENT_LANGUAGE", "EXECUTABLE_NAME", "PRODUCT_NAME", "PRODUCT_BUNDLE_PACKAGE_TYPE"),
                           path, f"nothing defines $({left})")
    return app


def check_duties(checked, app):
    """What iOS lets the app do is what its code does."""
    info, rights = checked.plist(app, "INFOPLIST_FILE"), checked.plist(app, "CODE_SIGN_ENTITLEMENTS")
    path = checked.app / checked.build_settings(app)["INFOPLIST_FILE"]
    checked.expect("aps-environment" in rights, path, "the app may not receive pushes")
    modes = set(info.get("UIBackgroundModes", []))
    checked.expect(modes == {"remote-notification", "fetch"}, path, f"its background modes are {modes}")
    checked.expect("UIApplicationSceneManifest" in info, path, "it has no scenes")
    scheme = re.search(r'scheme = "(\w+)"', (checked.app / "App/Model/AccountLink.swift").read_text())[1]
    schemes = [scheme for type in info.get("CFBundleURLTypes", []) for scheme in type["CFBundleURLSchemes"]]
    checked.expect(schemes == [scheme], path, f"it opens {schemes}, and the code reads {scheme}:")
    code = "".join(file.read_text() for file in checked.sources(app))
    checked.expect("NSCameraUsageDescription" in info or "AVCaptureDevice" not in code, path, "it uses the camera")
    check_tasks(checked, info, path)


def check_tasks(checked, info, path):
    """The permitted background tasks are those that the package registers."""
    bundle = info["TrueBadgeAppIdentifier"]
    registered = set()
    for file in (checked.swift / "TrueBadge").rglob("*.swift"):
        for suffix in re.findall(r'"\\\(Bundle\.main\.bundleIdentifier[^)]*\)(\.[\w.-]+)"', file.read_text()):
            registered.add(bundle + suffix)
    permitted = set(info.get("BGTaskSchedulerPermittedIdentifiers", []))
    checked.expect(registered and permitted == registered, path, f"it may run {permitted}, the code has {registered}")


def check_extensions(checked, app):
    """Each extension is built and embedded with the app, and its principal class exists."""
    embedded = set()
    for phase in checked.all("PBXCopyFilesBuildPhase").values():
        checked.expect(phase["dstSubfolderSpec"] == "13", checked.project, "extensions go into PlugIns (13)")
        embedded |= {checked.objects[id]["fileRef"] for id in phase["files"]}
    dependencies = {checked.objects[id]["target"] for id in app["dependencies"]}
    points = {"NotificationService": "com.apple.usernotifications.service", "Widget": "com.apple.widgetkit-extension"}
    for id, target in checked.targets().items():
        if not target["productType"].endswith("app-extension"):
            continue
        name, settings = target["name"], checked.build_settings(target)
        checked.expect(target["productReference"] in embedded, checked.project, f"{name} is not embedded")
        checked.expect(id in dependencies, checked.project, f"{name} is not built with the app")
        path = checked.app / settings["INFOPLIST_FILE"]
        extension = checked.plist(target, "INFOPLIST_FILE")["NSExtension"]
        checked.expect(extension["NSExtensionPointIdentifier"] == points[name], path, "it is another extension")
        if principal := extension.get("NSExtensionPrincipalClass"):
            module, name = principal.split(".")
            declared = any(re.search(rf"class {name}\b", file.read_text()) for file in checked.sources(target))
            checked.expect(declared and module == settings["PRODUCT_MODULE_NAME"], path, f"there is no {principal}")


def check_schemes(checked):
    """Schemes and test plans name targets that are there."""
    names = {id: target["name"] for id, target in checked.targets().items()}
    schemes = sorted((checked.project / "xcshareddata/xcschemes").glob("*.xcscheme"))
    checked.expect(schemes, checked.project, "it has no shared scheme")
    plans = set()
    for scheme in schemes:
        tree = ElementTree.parse(scheme)
        for reference in tree.iter("BuildableReference"):
            known = names.get(reference.get("BlueprintIdentifier")) == reference.get("BlueprintName")
            place = reference.get("ReferencedContainer") == f"container:{checked.project.name}"
            checked.expect(known and place, scheme, f"{reference.get('BlueprintName')} is no target")
        for reference in tree.iter("TestPlanReference"):
            plans.add(checked.app / reference.get("reference").removeprefix("container:"))
    check_debugging(checked, {scheme.stem: ElementTree.parse(scheme).getroot() for scheme in schemes})
    checked.expect(plans, checked.project, "no scheme has a test plan")
    for plan in plans:
        if not checked.expect(plan.is_file(), plan, "a scheme names it, but it is not there"):
            continue
        content = json.loads(plan.read_text())
        tested = [test["target"] for test in content["testTargets"]]
        tested.append(content["defaultOptions"]["targetForVariableExpansion"])
        for target in tested:
            checked.expect(names.get(target["identifier"]) == target["name"], plan, f"{target['name']} is no target")


def check_debugging(checked, schemes):
    """Each extension has a scheme that runs it, with the app that iOS installs it with."""
    app = next(t["name"] for t in checked.targets().values() if t["productType"].endswith(".application"))
    for target in checked.targets().values():
        name = target["name"]
        if not target["productType"].endswith("app-extension"):
            continue
        if not checked.expect(name in schemes, checked.project, f"no shared scheme runs {name}"):
            continue
        scheme = schemes[name]
        built = [entry.get("BlueprintName") for entry in scheme.find("BuildAction").iter("BuildableReference")]
        checked.expect(
            scheme.get("wasCreatedForAppExtension") == "YES" and built == [name, app],
            checked.project, f"the scheme {name} builds {built}")
        code = "".join(file.read_text() for file in checked.sources(target))
        for variable in scheme.iter("EnvironmentVariable"):
            if variable.get("key") == "_XCWidgetKind":
                kind = f'kind: "{variable.get("value")}"'
                checked.expect(kind in code, checked.project, f"the scheme {name} runs a widget of another kind")


def check_availability(checked):
    """The package is for iOS 16: whatever of it needs 17 says so. (Only Apple's compilers would.)"""
    needs = re.compile(r"^ *(?:@MainActor )?@Observable|^ *(?:public |private )?struct \w+: View\b", re.MULTILINE)
    says = re.compile(r"@available\(iOS 17\.0, \*\)\n *$")
    for folder in (checked.swift / "TrueBadgeUI", checked.app / "App/Model"):
        for file in sorted(folder.rglob("*.swift")):
            text = file.read_text()
            for match in needs.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                checked.expect(says.search(text[: match.start()]), file, f"line {line}: for which iOS?")


def check_strings(checked):
    """Every text is there in every language."""
    complain = checked.complain
    ui, app, widget = checked.swift / "TrueBadgeUI", checked.app / "App", checked.app / "Widget"
    strings.check_views(ui / "Resources/Localizable.xcstrings", sorted((ui / "Views").glob("*.swift")), complain)
    strings.check_views(app / "Localizable.xcstrings", sorted(app.rglob("*.swift")), complain)
    strings.check_views(widget / "Localizable.xcstrings", sorted(widget.rglob("*.swift")), complain)
    strings.check_errors(
        checked.swift / "TrueBadge/Resources/TrueBadge.xcstrings",
        checked.swift / "TrueBadge/TrueBadgeError.swift", complain)
    described = strings.catalogue(app / "InfoPlist.xcstrings", complain)
    for key, value in plistlib.loads((checked.app / "Config/App-Info.plist").read_bytes()).items():
        if key.endswith("UsageDescription"):
            there = described.get(key, {}).get("localizations", {}).get("en", {}).get("stringUnit", {})
            checked.expect(there.get("value") == value, app / "InfoPlist.xcstrings", f"has another {key}")
    languages = set(checked.objects[checked.root_id]["knownRegions"])
    checked.expect(languages == {*strings.LANGUAGES, "Base"}, checked.project, f"its languages are {languages}")


def check(root):
    checked = Checked(root)
    check_ids(checked)
    if checked.wrong:
        return checked.wrong  # nothing else can be read then
    check_files(checked)
    check_packages(checked)
    app = check_identities(checked)
    check_duties(checked, app)
    check_extensions(checked, app)
    check_schemes(checked)
    check_availability(checked)
    check_strings(checked)
    return checked.wrong


# file, what is there, what is put in its place
FAULTS = [
    ("ios-app/TrueBadge.xcodeproj/project.pbxproj", "path = Widget;", "path = Gadget;"),
    ("ios-app/TrueBadge.xcodeproj/project.pbxproj", "productName = TrueBadgeUI;", "productName = TrueBadgeUX;"),
    ("ios-app/TrueBadge.xcodeproj/project.pbxproj", '"$(APP_IDENTIFIER).widget"', '"dev.elsewhere.widget"'),
    ("ios-app/TrueBadge.xcodeproj/project.pbxproj", "rootObject = ", "rootObject = 0000000000000000000000FF; x = "),
    ("ios-app/TrueBadge.xcodeproj/xcshareddata/xcschemes/TrueBadgeApp.xcscheme", 'BlueprintName = "UITests"', 'BlueprintName = "Tests"'),
    ("ios-app/TrueBadge.xcodeproj/xcshareddata/xcschemes/Widget.xcscheme", 'value = "badge"', 'value = "number"'),
    ("ios-app/TrueBadge.xcodeproj/xcshareddata/xcschemes/NotificationService.xcscheme", "wasCreatedForAppExtension", "wasCreated"),
    ("ios-app/TrueBadge.xctestplan", '"name" : "UITests"', '"name" : "Tests"'),
    ("ios-app/Config/App-Info.plist", ".refresh</string>", ".refreshing</string>"),
    ("ios-app/Config/App-Info.plist", "<string>truebadge</string>", "<string>badge</string>"),
    ("ios-app/Config/Widget.entitlements", "$(APP_GROUP)", "group.elsewhere"),
    ("ios-app/Config/NotificationService-Info.plist", ".NotificationService</string>", ".Service</string>"),
    ("ios-app/App/Localizable.xcstrings", '"de" : {', '"fr" : {'),
    ("ios-app/App/Localizable.xcstrings", '"Add account"', '"Add an account"'),
    ("ios-app/App/Model/WelcomeModel.swift", "@available(iOS 17.0, *)", ""),
    ("ios-app/Widget/BadgeWidget.swift", 'Text("All read")', 'Text("Nothing to read")'),
    ("uniffi-bindings/swift/Sources/TrueBadge/Resources/TrueBadge.xcstrings", '"Update the app."', '"Update it."'),
]


def self_test(root):
    """Each fault is found, and nothing is when there is none."""
    with tempfile.TemporaryDirectory() as copy:
        copy = Path(copy)
        for part in ("ios-app", "uniffi-bindings/swift/Sources"):
            shutil.copytree(root / part, copy / part, ignore=shutil.ignore_patterns(".build"))
        shutil.copy(root / "Package.swift", copy)
        missed = [f"found without a fault: {wrong}" for wrong in check(copy)]
        for name, there, instead in FAULTS:
            file = copy / name
            text = file.read_text()
            if there not in text:
                missed.append(f"{name} has no {there}")
            file.write_text(text.replace(there, instead, 1))
            if not check(copy):
                missed.append(f"not found: {name}: {instead}")
            file.write_text(text)
    return missed


def main(arguments):
    root = Path(__file__).resolve().parents[2]
    if arguments == ["--self-test"]:
        wrong, said = self_test(root), f"{len(FAULTS)} planted faults are found"
    else:
        wrong, said = check(Path(arguments[0]).resolve() if arguments else root), "the Xcode project agrees with itself"
    for sentence in wrong:
        print(f"    {sentence}", file=sys.stderr)
    if not wrong:
        print(f"    {said}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
