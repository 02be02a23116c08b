"""SavedModels served by worker processes on this machine. `Serving` is the whole public face.

The front process asks one template process, which has imported TensorFlow and done nothing else, to fork a *node* per
loaded copy of a model. Front and node speak over a socket pair that has no name and no port. When the front dies, in
whatever way, its sockets close, and with them everything that it started ends.
"""

from emulator.serving.model_server import Serving

__all__ = ["Serving"]
