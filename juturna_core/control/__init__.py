"""Looking into a running pipeline and steering it from outside; `api.Control` is the contract."""
