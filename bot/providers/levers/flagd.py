"""flagd: a flag of its flag file is forced to one variant, and comes back byte for byte.

Seen with OpenFeature's flagd provider: `state: DISABLED` makes every service use the default in its own code, which may
be on; and targeting rules win over `defaultVariant`. So off means: `ENABLED`, the off variant as default, and no
targeting. The rules are kept in the plan as they were written, and undo writes them back.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import Field, model_validator

from bot.providers import flagfile
from bot.providers.bound import BoundLever
from bot.providers.flagfile import Flag, FlagText
from playbooks.plugin import (
    Conflict,
    Described,
    Kind,
    Mark,
    Maturity,
    Outcome,
    OutcomeUnknown,
    Plan,
    ProviderError,
    Strict,
    Tools,
    Verification,
    parse_settings,
    plan_flag,
    undo_flag,
)

NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR)
SET_ASIDE = "its targeting rules are set aside while it is off"
OWN_DEFAULT = "It is DISABLED now, so every service uses the default in its own code."
NO_TARGETING = "{}"
RESTORES = "restores"  # in the detail of a plan back: its texts are what must stand afterwards

T = TypeVar("T")


class FlagdLever(BoundLever["FlagdLever.Binding"]):
    """A flag of a flagd flag file, forced off and given back."""

    tested_with = "OpenFeature flagd provider 0.6.1 (file resolver)"
    maturity = Maturity.PROVEN

    class Settings(Strict):
        """`path` of the flag file that flagd or in-process providers watch: JSON, or YAML by its name."""

        path: str = Field(min_length=1)

    class Binding(Strict):
        """`flag`: its key. `off_variant` and `on_variant`: their names."""

        flag: str = Field(min_length=1)
        off_variant: str = Field(default="off", min_length=1)
        on_variant: str = Field(default="on", min_length=1)
        verify_within: int = Field(default=30, ge=1)

        @model_validator(mode="after")
        def _differ(self) -> FlagdLever.Binding:
            if self.on_variant == self.off_variant:
                raise ValueError("on and off are two variants")
            return self

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        self._path = Path(parse_settings(self.Settings, name, settings).path)
        self._probe = tools.probe

    def describe(self, binding: Mapping[str, Any]) -> Described:
        """See `ports.Lever`. `detail` has the texts that would be replaced, as they are written."""
        bound = self._parse(binding)
        flag = self._read(bound)
        return Described(state=_state(bound, flag), detail=dict(flag.texts))

    def plan(self, binding: Mapping[str, Any], described: Described, after: str) -> Plan:
        """See `ports.Lever`."""
        bound = self._parse(binding)
        plan = plan_flag(
            self.name,
            f"{self._path.name}/{bound.flag}",
            described,
            after,
            proof="the flag reads {} in the file (services that watch it follow by themselves)",
            takes=2,
            verify_within=bound.verify_within,
        )
        flag = self._read(bound)
        if after == "off" and flag.targeted:
            plan = replace(plan, note=SET_ASIDE)
        return replace(plan, warning=OWN_DEFAULT) if flag.state == "DISABLED" else plan

    def apply(self, binding: Mapping[str, Any], plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. The file keeps no notes.

        Raises Conflict when the flag is written otherwise by now than the plan has seen.
        """
        bound = self._parse(binding)

        def edit(text: FlagText) -> FlagText:
            flag = self._checked(bound, text)
            return text.with_texts(bound.flag, _wanted(bound, plan, flag))

        self._hit("before")
        self._told(lambda: flagfile.rewrite(self._path, edit), bound)
        self._hit("after")

    def verify(self, binding: Mapping[str, Any], plan: Plan) -> Verification:
        """See `ports.Lever`."""
        bound = self._parse(binding)
        flag = self._read(bound)
        now = _state(bound, flag)
        facts = {"state": now, "variant": flag.default or ""}
        if now != plan.after:
            return Verification(Outcome.CONTRADICTED, f"the flag reads {now} in {self._path.name}", facts)
        if _restores(plan) and flag.texts != _before(plan):
            said = f"the flag reads {now} in {self._path.name}, but not as it was before"
            return Verification(Outcome.CONTRADICTED, said, facts)
        return Verification(Outcome.CONFIRMED, f"the flag reads {now} in {self._path.name}", facts)

    def mark(self, binding: Mapping[str, Any], version: str, mark: Mark, *, note: str) -> None:
        """A flag has no versions."""

    def undo(self, plan: Plan) -> Plan:
        """See `ports.Lever`."""
        texts = _before(plan)
        return replace(undo_flag(plan), detail=texts if _restores(plan) else {**texts, RESTORES: "yes"})

    def _hit(self, when: str) -> None:
        if self._probe is not None:
            self._probe.hit(f"{when} REPLACE {self.name} {self._path.name}")

    def _read(self, bound: FlagdLever.Binding) -> Flag:
        return self._told(lambda: self._checked(bound, flagfile.read(self._path)), bound)

    def _checked(self, bound: FlagdLever.Binding, text: FlagText) -> Flag:
        """The flag, which must have what is to be replaced. Raises ProviderError (permanent) that names what is not."""
        flag = text.flag(bound.flag)
        missing = [f"`{key}`" for key in ("state", "defaultVariant") if key not in flag.texts]
        missing += [f"variant {name}" for name in (bound.off_variant, bound.on_variant) if name not in flag.variants]
        if missing:
            raise ProviderError(
                f"The flag {bound.flag} in {self._path.name} has no {missing[0]}.",
                "Add it to the flag, or name its variants in the lever's binding (`on_variant: …, off_variant: …`).",
                kind=Kind.PERMANENT,
            )
        return flag

    def _told(self, do: Callable[[], T], bound: FlagdLever.Binding) -> T:
        """What went wrong with the file, as the errors of a lever."""
        file = self._path.name
        try:
            return do()
        except LookupError:
            raise ProviderError(
                f"{file} has no flag {bound.flag}.",
                "Compare `flag` in the lever's binding with the file.",
                kind=Kind.PERMANENT,
            ) from None
        except flagfile.UnsafeEditError as unsafe:
            raise ProviderError(
                f"{file} was left as it is: {unsafe}.",
                f"Write {bound.flag} without anchors and aliases, or change it by hand.",
                kind=Kind.PERMANENT,
            ) from None
        except ValueError:
            # Perhaps somebody is writing it in place just now.
            raise ProviderError(f"{file} is no flag file of flagd as it stands.", "It is read again.") from None
        except OSError as failed:
            self._failed(failed, file)

    def _failed(self, failed: OSError, file: str) -> NoReturn:
        why = (failed.strerror or str(failed)).lower()
        if isinstance(failed, flagfile.AfterwardsError):
            raise OutcomeUnknown(
                f"{file} was replaced, but the disk has not confirmed it ({why}).", "It is read back first."
            ) from None
        raise ProviderError(
            f"{file} cannot be read or replaced ({why}); nothing was changed.",
            f"Check `providers.{self.name}.path`, and that Muster may write into its folder.",
            kind=Kind.PERMANENT if failed.errno in NOT_ALLOWED else Kind.TRANSIENT,
        ) from None


def _state(bound: FlagdLever.Binding, flag: Flag) -> str:
    """Off only where nothing but the off variant can come out."""
    return "off" if flag.state == "ENABLED" and flag.default == bound.off_variant and not flag.targeted else "on"


def _restores(plan: Plan) -> bool:
    """Whether a plan goes back to the state that its detail was read in."""
    return RESTORES in plan.detail


def _before(plan: Plan) -> dict[str, str]:
    """The texts as they were when the first plan was made."""
    return {key: text for key, text in plan.detail.items() if key != RESTORES}


def _wanted(bound: FlagdLever.Binding, plan: Plan, flag: Flag) -> dict[str, str]:
    """What must be written: the before-state's texts on the way back, else one variant for everyone.

    Raises Conflict where the flag is neither what the plan saw nor what it wants.
    """
    if _restores(plan):
        wanted = _before(plan)
        if wanted.keys() != flag.texts.keys() or (_state(bound, flag) != plan.before and flag.texts != wanted):
            raise Conflict(f"{bound.flag} is written differently by now; nothing was changed.")
        return wanted
    variant = bound.off_variant if plan.after == "off" else bound.on_variant
    wanted = {
        "state": "" if flag.state == "ENABLED" else '"ENABLED"',
        "defaultVariant": "" if flag.default == variant else json.dumps(variant),
        "targeting": NO_TARGETING if flag.targeted else "",
    }
    wanted = {key: text for key, text in wanted.items() if text}
    if wanted and flag.texts != _before(plan):
        raise Conflict(f"{bound.flag} was changed since the plan; nothing was changed.")
    return wanted
