"""Clicks and modals: using an element, submitting and closing a view, and what the app answers to that."""

from __future__ import annotations

from typing import Any

from .acts import Acts
from .api_views import checked_view, push_on, replace_body
from .delivery import Courier
from .elements import NoSuchElement, action_of, blocks_of, every_element, find_element, held_value, is_empty
from .hub import Hub
from .payloads import click_in_message, click_in_view, closing, message_values, submission
from .refusals import Refused
from .replies import Reply
from .state import Json, Message, User, View

REQUIRED = "Please complete this required field."
TRY_AGAIN = "We had some trouble connecting. Try again?"


class Forms:
    """Everything a person does with blocks and views."""

    def __init__(self, hub: Hub, courier: Courier, acts: Acts) -> None:
        self.hub = hub
        self.courier = courier
        self.acts = acts
        self._picked: dict[tuple[str, str], Json] = {}

    # ------------------------------------------------------------------ looking

    def top_view(self, user: str) -> View | None:
        """The modal the person sees, or nothing."""
        contents = self.hub.state.contents
        stack = contents.stacks.get(self.hub.user(user).id) or []
        return contents.views.get(stack[-1]) if stack else None

    def home(self, user: str) -> View | None:
        """The person's Home tab as published."""
        contents = self.hub.state.contents
        return contents.views.get(contents.homes.get(self.hub.user(user).id, ""))

    def _view(self, user: User, view: str | View | None) -> View:
        if isinstance(view, View):
            view = view.id
        found = self.hub.state.contents.views.get(view) if view else self.top_view(user.id)
        if found is None or found.user != user.id:
            raise NoSuchElement("that person has no such view open")
        return found

    # ------------------------------------------------------------------ clicking

    async def click(self, user: str, target: str | Message | View | Json, action_id: str, value: Any = None) -> Reply:
        """Use a button, menu or picker in a message, an ephemeral, a modal or the Home tab."""
        hub = self.hub
        with hub.state.lock:
            who = hub.user(user)
            view_id = target.id if isinstance(target, View) else target if isinstance(target, str) else ""
            in_view = view_id in hub.state.contents.views
            if in_view:
                reply, payload = self._click_view(who, self._view(who, view_id), action_id, value)
            else:
                assert not isinstance(target, View)
                reply, payload = self._click_message(who, target, action_id, value)
        reply.delivery = await self.courier.ask("interactive", payload)
        reply.failure = None if reply.ok else "the app did not respond"
        return reply

    def _click_message(self, who: User, target: str | Message | Json, action_id: str, value: Any) -> tuple[Reply, Json]:
        hub = self.hub
        place, message = self.acts.seen(target)
        if message.ephemeral_to not in (None, who.id) or who.id not in place.members:
            raise NoSuchElement("that person does not see this message")
        block, element = find_element(blocks_of(message), action_id, value)
        action = action_of(block, element, value, hub.state.next_ts())
        picked = self._picked.setdefault((message.ts, who.id), {})
        if element["type"] not in ("button", "overflow"):
            picked.setdefault(block["block_id"], {})[action_id] = held_value(element, value)
        values = message_values(blocks_of(message), picked)
        trigger_id = hub.new_trigger(who.id)
        response = hub.new_response_url(who.id, place.id, message)
        address = hub.response_address(response)
        payload = click_in_message(hub, who, message, action, values, trigger_id, address)
        return Reply(hub.state, None, trigger_id, response, address), payload

    def _click_view(self, who: User, view: View, action_id: str, value: Any) -> tuple[Reply, Json]:
        block, element = find_element(view.body["blocks"], action_id, value)
        action = action_of(block, element, value, self.hub.state.next_ts())
        if element["type"] not in ("button", "overflow"):
            values = view.state["values"].setdefault(block["block_id"], {})
            values[action_id] = held_value(element, value)
        trigger_id = self.hub.new_trigger(who.id, view.id)
        return Reply(self.hub.state, None, trigger_id), click_in_view(self.hub, who, view, action, trigger_id)

    # ------------------------------------------------------------------ submitting

    async def submit_view(self, user: str, view: str | View | None = None, values: Json | None = None) -> Reply:
        """Fill in and submit a modal; by default the one on top.

        ``values`` is ``{block_id: {action_id: value}}``, ``{block_id: value}`` or ``{action_id: value}``.
        """
        hub = self.hub
        with hub.state.lock:
            who = hub.user(user)
            form = self._view(who, view)
            self.fill_in(form, values or {})
            missing = self._missing(form)
            if missing:
                return Reply(hub.state, errors=missing, failure="incomplete")
            trigger_id = hub.new_trigger(who.id, form.id)
            payload = submission(hub, who, form, trigger_id)
        reply = Reply(hub.state, None, trigger_id)
        reply.delivery = await self.courier.ask("interactive", payload)
        with hub.state.lock:
            self._take_answer(who, form, reply)
        hub.state.changed()
        return reply

    def fill_in(self, form: View, values: Json) -> None:
        """Type values into a view."""
        for name, value in values.items():
            block_id, action_id, given = self._field(form, name, value)
            _, element = next(
                pair
                for pair in every_element(form.body["blocks"])
                if pair[0]["block_id"] == block_id and pair[1]["action_id"] == action_id
            )
            form.state["values"].setdefault(block_id, {})[action_id] = held_value(element, given)

    def _field(self, form: View, name: str, value: Any) -> tuple[str, str, Any]:
        elements = list(every_element(form.body["blocks"]))
        for block, element in elements:
            if block["block_id"] == name:
                if isinstance(value, dict) and element["action_id"] in value:
                    return name, element["action_id"], value[element["action_id"]]
                return name, element["action_id"], value
        for block, element in elements:
            if element["action_id"] == name:
                return block["block_id"], name, value
        fields = ", ".join(f"{block['block_id']}.{element['action_id']}" for block, element in elements)
        raise NoSuchElement(f"no field {name!r} in this view; there are: {fields or 'none'}")

    def _missing(self, form: View) -> dict[str, str]:
        missing: dict[str, str] = {}
        for block in form.body["blocks"]:
            if block.get("type") == "input" and not block.get("optional"):
                held = form.state["values"].get(block["block_id"], {}).get(block["element"]["action_id"])
                if (held is None or is_empty(held)) and block["element"]["type"] != "checkboxes":
                    missing[block["block_id"]] = REQUIRED
        return missing

    def _take_answer(self, who: User, form: View, reply: Reply) -> None:
        hub = self.hub
        if not reply.ok:
            reply.failure = TRY_AGAIN
            return
        answer = reply.body if isinstance(reply.body, dict) else {}
        kind = answer.get("response_action")
        try:
            if kind == "errors":
                reply.errors = {str(k): str(v) for k, v in (answer.get("errors") or {}).items()}
                self._check_error_blocks(form, reply)
            elif kind == "update":
                replace_body(hub, form, checked_view(answer["view"], ("modal",)))
            elif kind == "push":
                pushed = push_on(hub, who.id, checked_view(answer["view"], ("modal",)))
                hub.state.contents.triggers[reply.trigger_id].opened = pushed.id
            elif kind == "clear":
                self._drop_all(who.id)
            else:
                self._drop(who.id, form)
        except Refused as refused:
            reply.failure = refused.code

    def _check_error_blocks(self, form: View, reply: Reply) -> None:
        inputs = {block["block_id"] for block in form.body["blocks"] if block.get("type") == "input"}
        # Slack shows its own trouble message when an error names no input block.
        if not reply.errors or not set(reply.errors) <= inputs:
            reply.failure = TRY_AGAIN

    def _drop(self, user: str, form: View) -> None:
        stack = self.hub.state.contents.stacks.get(user, [])
        if form.id in stack:
            stack.remove(form.id)
        self.hub.state.contents.views.pop(form.id, None)

    def _drop_all(self, user: str) -> list[View]:
        contents = self.hub.state.contents
        dropped = [
            contents.views.pop(view_id) for view_id in contents.stacks.get(user, []) if view_id in contents.views
        ]
        contents.stacks[user] = []
        return dropped

    # ------------------------------------------------------------------ closing

    async def close_view(self, user: str, view: str | View | None = None, *, all_views: bool = False) -> None:
        """Press Cancel (or, with ``all_views``, the cross): tells the app where it asked to be told."""
        with self.hub.state.lock:
            who = self.hub.user(user)
            form = self._view(who, view)
            everything = all_views or bool(form.body.get("clear_on_close"))
            if everything:
                gone = self._drop_all(who.id)
            else:
                gone = [form]
                self._drop(who.id, form)
        self.hub.state.changed()
        for closed in gone:
            if closed.body.get("notify_on_close"):
                await self.courier.ask("interactive", closing(self.hub, who, closed, everything))
