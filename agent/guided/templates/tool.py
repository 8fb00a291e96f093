#!/usr/bin/env python3
"""{{title|text}}: a list on the command line, kept in a JSON file."""
import argparse
import json
import pathlib
import sys

TITLE = {{title|json}}
FIRST_ITEMS = {{items|json}}


def load(path):
    """Return the items of the file, or the first ones when there is no file yet."""
    if not path.exists():
        return [{"text": text, "done": False} for text in FIRST_ITEMS]
    return json.loads(path.read_text(encoding="utf-8"))


def save(path, items):
    path.write_text(json.dumps(items, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def add(items, text):
    return items + [{"text": text, "done": False}]


def finish(items, number):
    """Mark the item with this number, counted from 1, as done."""
    if not 1 <= number <= len(items):
        raise ValueError(f"there is no item {number}; there are {len(items)}")
    return [dict(item, done=True) if i == number else item for i, item in enumerate(items, 1)]


def show(items):
    return "\n".join(f"{i}. [{'x' if item['done'] else ' '}] {item['text']}" for i, item in enumerate(items, 1))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=TITLE)
    parser.add_argument("--file", type=pathlib.Path, default=pathlib.Path("items.json"), help="where the list is kept")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="show the list")
    commands.add_parser("add", help="add an item").add_argument("text")
    commands.add_parser("done", help="mark an item as done").add_argument("number", type=int)
    options = parser.parse_args(arguments)
    items = load(options.file)
    try:
        if options.command == "add":
            items = add(items, options.text)
        if options.command == "done":
            items = finish(items, options.number)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if options.command != "list":
        save(options.file, items)
    print(TITLE)
    print(show(items))
    return 0


if __name__ == "__main__":
    sys.exit(main())
