"""Talk to, launch and imitate the generation server. Imports no Django, no torch, no vllm."""
