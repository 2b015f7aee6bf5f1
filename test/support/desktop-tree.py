#!/usr/bin/python3
"""What a screen reader gets of the app from the desktop (AT-SPI), for e2e/screen-reader.spec.ts.

Answers commands from stdin, one a line, each with lines and then one of "." alone.
  tree <title>     the tree of the document in the window whose title begins so, indented
  press <name>     presses the one control of that name through its action interface
  heard            what live regions have said since the last time, in order

One thread alone: the library does not take two.
"""

import sys

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

STATES = {
    Atspi.StateType.FOCUSED: "focused",
    Atspi.StateType.CHECKED: "checked",
    Atspi.StateType.PRESSED: "pressed",
    Atspi.StateType.EXPANDED: "expanded",
    Atspi.StateType.SELECTED: "selected",
}
OPERATED = {
    "push button", "button", "toggle button", "combo box", "entry", "page tab", "link", "check box"
}
LIVE = {"polite", "assertive"}

heard = []


def attributes(node):
    return node.get_attributes() or {}


def on_insert(event):
    """A change that is told aloud: within a live region, which is not one that is switched off."""
    node = event.source
    for _ in range(12):
        if node is None:
            return
        live = attributes(node).get("container-live") or attributes(node).get("live")
        if live is not None:
            if live in LIVE:
                heard.append(str(event.any_data))
            return
        node = node.get_parent()


def windows():
    desktop = Atspi.get_desktop(0)
    # It would go on without an app that has come since.
    desktop.clear_cache()
    for i in range(desktop.get_child_count()):
        app = desktop.get_child_at_index(i)
        for j in range(app.get_child_count() if app else 0):
            window = app.get_child_at_index(j)
            if window is not None:
                yield window


def children(node):
    for i in range(node.get_child_count()):
        child = node.get_child_at_index(i)
        if child is not None:
            yield child


def document(node):
    if node.get_role_name() in ("document web", "document frame"):
        return node
    for child in children(node):
        found = document(child)
        if found is not None:
            return found
    return None


def documents():
    found = [node for node in map(document, windows()) if node is not None]
    for node in found:
        node.clear_cache()
    return found


def describe(node):
    states = node.get_state_set()
    role = node.get_role_name()
    words = [role]
    told = attributes(node)
    if role == "landmark":
        words.append(told.get("xml-roles", "?"))
    if "level" in told:
        words.append(told["level"])
    name = node.get_name()
    if name:
        words.append('"%s"' % " ".join(name.split()))
    said = node.get_description()
    if said:
        words.append('described as "%s"' % " ".join(said.split()))
    words += [word for state, word in STATES.items() if states.contains(state)]
    if states.contains(Atspi.StateType.EXPANDABLE) and not states.contains(Atspi.StateType.EXPANDED):
        words.append("collapsed")
    if role in OPERATED and not states.contains(Atspi.StateType.ENABLED):
        words.append("disabled")
    if "live" in told:
        words.append("live=" + told["live"])
    return words


def text_of(node):
    if node.get_child_count() > 0 or "Text" not in node.get_interfaces():
        return ""
    return " ".join(Atspi.Text.get_text(node, 0, Atspi.Text.get_character_count(node)).split())


def lines(node, depth=0):
    words = describe(node)
    text = text_of(node)
    if text and text != node.get_name():
        words.append('text "%s"' % text)
    # A box without a name that says nothing is not heard either.
    silent = words in (["section"], ["panel"], ["static"], ["filler"])
    if not silent:
        yield "  " * depth + " ".join(words)
    for child in children(node):
        yield from lines(child, depth if silent else depth + 1)


def find(node, name):
    if node.get_role_name() in OPERATED and node.get_name() == name:
        yield node
    for child in children(node):
        yield from find(child, name)


def answer(command, argument):
    if command == "tree":
        found = [node for node in documents() if node.get_name().startswith(argument)]
        return [line for node in found[:1] for line in lines(node)]
    if command == "press":
        found = [control for node in documents() for control in find(node, argument)]
        if len(found) != 1:
            return ["%d controls are called so" % len(found)]
        can = "Action" in found[0].get_interfaces()
        return ["pressed" if can and Atspi.Action.do_action(found[0], 0) else "not pressed"]
    if command == "heard":
        said = list(heard)
        heard.clear()
        return said
    return ["unknown: " + command]


def on_command(_source, _condition):
    line = sys.stdin.readline()
    if line == "":
        Atspi.event_quit()
        return False
    command, _, argument = line.strip().partition(" ")
    try:
        said = answer(command, argument)
    except GLib.Error as error:
        # What it looked at has gone meanwhile.
        said = ["gone: %s" % error.message]
    print("\n".join([*said, "."]), flush=True)
    return True


Atspi.init()
listener = Atspi.EventListener.new(on_insert)
listener.register("object:text-changed:insert")
GLib.io_add_watch(0, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, on_command)
Atspi.event_main()
