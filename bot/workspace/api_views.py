"""views.*: modals, their stack, and the Home tab."""

from __future__ import annotations

import json
import secrets

from .args import Args
from .blockkit import VIEW_BYTES, check_view
from .elements import fill_ids, initial_value
from .hub import Hub
from .method import Method
from .refusals import BadBlocks, Refused
from .shapes import view_json
from .state import Json, View

STACK = 3


def read_view(args: Args, kinds: tuple[str, ...]) -> Json:
    """The ``view`` argument, checked."""
    body = args.document("view", "invalid_arguments")
    if body is None:
        raise BadBlocks("invalid_arguments", ["missing required field: view"])
    return checked_view(body, kinds)


def checked_view(body: Json, kinds: tuple[str, ...]) -> Json:
    """A view body as Slack takes it."""
    messages = check_view(body)
    if not messages and body.get("type") not in kinds:
        messages = [f"unsupported type: {body.get('type')} [json-pointer:/view/type]"]
    if messages:
        raise BadBlocks("invalid_arguments", messages)
    if len(json.dumps(body).encode()) > VIEW_BYTES:
        raise Refused("view_too_large")
    return dict(body)


def new_view(hub: Hub, user: str, body: Json, *, root: str | None = None, previous: str | None = None) -> View:
    """Store a view; block ids the app left out are filled in, as Slack does."""
    _refuse_external_id(hub, body)
    view_id = hub.state.new_id("V")
    view = View(view_id, body["type"], body, user, new_hash(hub), root or view_id, previous)
    fill_ids(body)
    view.state = {"values": initial_values(body)}
    hub.state.contents.views[view.id] = view
    return view


def _refuse_external_id(hub: Hub, body: Json) -> None:
    wanted = body.get("external_id")
    if wanted and any(v.body.get("external_id") == wanted for v in hub.state.contents.views.values()):
        raise Refused("duplicate_external_id")


def new_hash(hub: Hub) -> str:
    """A hash that changes with every change of the view."""
    return f"{int(hub.clock())}.{secrets.token_hex(4)}"


def initial_values(body: Json) -> Json:
    """``state.values`` before anybody typed."""
    values: Json = {}
    for block in body.get("blocks", []):
        element = block.get("element") if block.get("type") == "input" else None
        if element:
            values.setdefault(block["block_id"], {})[element["action_id"]] = initial_value(element)
    return values


def open_view(hub: Hub, args: Args) -> Json:
    """views.open: a new modal on a fresh stack."""
    trigger_id = args.text("trigger_id") or args.text("interactivity_pointer")
    body = read_view(args, ("modal",))
    trigger = hub.use_trigger(trigger_id)
    view = new_view(hub, trigger.user, body)
    trigger.opened = view.id
    for old in hub.state.contents.stacks.get(trigger.user, []):
        hub.state.contents.views.pop(old, None)
    hub.state.contents.stacks[trigger.user] = [view.id]
    return {"view": view_json(hub.state, view)}


def push_view(hub: Hub, args: Args) -> Json:
    """views.push: on top of the modal the trigger came from; three at most."""
    body = read_view(args, ("modal",))
    trigger = hub.use_trigger(args.text("trigger_id") or args.text("interactivity_pointer"))
    view = push_on(hub, trigger.user, body)
    trigger.opened = view.id
    return {"view": view_json(hub.state, view)}


def push_on(hub: Hub, user: str, body: Json) -> View:
    """Put a view on top of a person's stack."""
    stack = hub.state.contents.stacks.setdefault(user, [])
    if not stack:
        raise Refused("not_found")
    if len(stack) >= STACK:
        raise Refused("push_limit_reached")
    top = hub.state.contents.views[stack[-1]]
    view = new_view(hub, user, body, root=top.root_view_id, previous=top.id)
    stack.append(view.id)
    return view


def update_view(hub: Hub, args: Args) -> Json:
    """views.update: by id or external id; a stale hash is a conflict."""
    body = read_view(args, ("modal", "home"))
    view = _find(hub, args)
    if args.text("hash") and args.text("hash") != view.hash:
        raise Refused("hash_conflict", view=view_json(hub.state, view))
    replace_body(hub, view, body)
    return {"view": view_json(hub.state, view)}


def replace_body(hub: Hub, view: View, body: Json) -> None:
    """Change a view in place; what was typed stays where block and action ids stay."""
    old = view.state["values"]
    fill_ids(body)
    view.body = body
    view.hash = new_hash(hub)
    fresh = initial_values(body)
    for block_id, actions in fresh.items():
        for action_id, start in actions.items():
            kept = old.get(block_id, {}).get(action_id)
            if kept is not None and kept["type"] == start["type"]:
                actions[action_id] = kept
    view.state = {"values": fresh}


def _find(hub: Hub, args: Args) -> View:
    views = hub.state.contents.views
    if args.text("view_id"):
        found = views.get(args.text("view_id"))
    else:
        wanted = args.text("external_id")
        found = next((v for v in views.values() if wanted and v.body.get("external_id") == wanted), None)
    if found is None:
        raise Refused("not_found")
    return found


def publish_view(hub: Hub, args: Args) -> Json:
    """views.publish: the Home tab of one person."""
    body = read_view(args, ("home",))
    user = hub.user(args.text("user_id")).id
    held = hub.state.contents.homes.get(user)
    view = hub.state.contents.views.get(held or "")
    if view is None:
        view = new_view(hub, user, body)
        hub.state.contents.homes[user] = view.id
    else:
        if args.text("hash") and args.text("hash") != view.hash:
            raise Refused("hash_conflict", view=view_json(hub.state, view))
        replace_body(hub, view, body)
    return {"view": view_json(hub.state, view)}


METHODS = {
    "views.open": Method(open_view),
    "views.push": Method(push_view),
    "views.update": Method(update_view),
    "views.publish": Method(publish_view),
}
