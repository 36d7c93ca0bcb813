"""What can go wrong between us and a generation server.

InferenceError                 the base of them all; str() is for logs, never for people
├── EngineUnavailable          nothing listens there, or it went away mid-stream: try again
├── EngineBusy                 its queue is full (429, 503): try again later; retry_after_s when it said so
├── EngineStalled              it listens but sent nothing for too long
├── BadRequest                 it refused what we asked (400, 422): do not try again
│   └── ContextTooLong         prompt and reply do not fit the model's context
├── UnknownModel               it serves no model of that name (404): load the adapter, then try once more
├── Refused                    our key was refused (401, 403)
└── EngineError                it broke while answering (5xx, malformed stream): try again
"""


class InferenceError(Exception):
    retryable = False


class EngineUnavailable(InferenceError):
    retryable = True


class EngineBusy(InferenceError):
    retryable = True

    def __init__(self, message: str, retry_after_s: float | None = None):
        super().__init__(message)
        self.retry_after_s = retry_after_s


class EngineStalled(InferenceError):
    retryable = True


class BadRequest(InferenceError):
    pass


class ContextTooLong(BadRequest):
    pass


class UnknownModel(InferenceError):
    pass


class Refused(InferenceError):
    pass


class EngineError(InferenceError):
    retryable = True
