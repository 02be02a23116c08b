"""The template process: imports TensorFlow, does nothing else with it, and forks nodes on request.

Started by `template_client.Template` as `python -m emulator.serving.template_process DESCRIPTOR PARENT`. It stays
single-threaded, since a fork copies only the thread that calls it; so it never loads a model itself.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from typing import Any

from emulator.serving import message_frames, process_control, sandbox


def main(descriptor: int, parent: int) -> None:
    """Serves fork and kill requests until the other end of the socket closes."""
    process_control.die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=descriptor)
    try:
        _import_quietly("tensorflow")
        importlib.import_module("emulator.serving.saved_model.tensorflow_model")
    except ImportError as exc:
        _send(control, {"failed": f"TensorFlow cannot be imported: {exc}"})
        return
    importlib.import_module("emulator.serving.node_process")
    sandbox.libraries()  # once, not in each node
    gc.collect()
    gc.freeze()
    wakeup, wakeup_writer = socket.socketpair()
    wakeup_writer.setblocking(False)  # noqa: FBT003  # the standard library takes it by position only
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(wakeup_writer.fileno(), warn_on_full_buffer=False)
    with contextlib.suppress(ConnectionError):  # the front is gone in the middle of an answer
        _serve(control, wakeup)


def _serve(control: socket.socket, wakeup: socket.socket) -> None:
    _send(control, {"ready": True})
    splitter = message_frames.Splitter()
    while True:
        readable, _, _ = select.select([control, wakeup], [], [])
        if wakeup in readable:
            wakeup.recv(4096)
            _reap(control)
        if control in readable:
            data, descriptors, _, _ = socket.recv_fds(control, 65536, 1)
            if not data:
                return
            for _, _, content in splitter.feed(data):
                _follow(control, json.loads(content), descriptors)


def _import_quietly(module: str) -> None:
    """Imports without what native code prints before its logging is set up."""
    sys.stderr.flush()
    kept = os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    try:
        importlib.import_module(module)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)


def _follow(control: socket.socket, order: dict[str, Any], descriptors: list[int]) -> None:
    if "kill" in order:
        # Only this process reaps its children, so the pid cannot have gone to a stranger in between.
        if order["kill"] in _children:
            os.kill(order["kill"], signal.SIGKILL)
        _send(control, {"killed": order["kill"]})
        return
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become_node(control, order["fork"], descriptors[0], parent)
    _children.add(pid)
    os.close(descriptors[0])
    _send(control, {"forked": pid})


def _become_node(control: socket.socket, options: dict[str, Any], descriptor: int, parent: int) -> None:
    """Runs the node in this fresh child; never returns into the template's loop."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        process_control.die_with_parent(parent)
        control.close()
        from emulator.serving import node_process

        node_process.main(socket.socket(fileno=descriptor), options)
        code = 0
    finally:
        if code:
            sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        os._exit(code)


_children: set[int] = set()


def _reap(control: socket.socket) -> None:
    while _children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        _children.discard(pid)
        _send(control, {"ended": pid, "status": status})


def _send(control: socket.socket, message: dict[str, Any]) -> None:
    control.sendall(message_frames.pack(0, json.dumps(message).encode()))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
