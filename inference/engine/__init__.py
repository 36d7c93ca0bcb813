"""What runs inside the engine's processes. Only `inference.server` names these modules, in the command it builds."""
