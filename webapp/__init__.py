"""People, teams, conversations, runs. Never imports torch or vllm."""
