"""Senders whose requests carry more than a bearer secret."""

from __future__ import annotations

import hmac
from base64 import b64encode
from hashlib import sha256

import httpx

from tests.end_to_end.scene import Scene
from tests.web.conftest import ENVIRON


def mlflow(scene: Scene, body: bytes, *, delivery: str = "d-1", age: int = 0, secret: str = "") -> httpx.Response:
    """A webhook as MLflow signs it."""
    stamp = str(int(scene.clock.now().timestamp()) - age)
    content = f"{delivery}.{stamp}.".encode() + body
    key = (secret or ENVIRON["MLFLOW_SECRET"]).encode()
    signature = "v1," + b64encode(hmac.new(key, content, sha256).digest()).decode()
    headers = {"X_MLflow_Signature": signature, "X_MLflow_Delivery_Id": delivery, "X_MLflow_Timestamp": stamp}
    return scene.send("/changes/mlflow", content=body, secret="", **headers)
