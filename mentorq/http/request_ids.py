"""What each line of the log has besides its message."""

from logging import LogRecord

from django_guid.log_filters import CorrelationId


class RequestId(CorrelationId):
    """Gives each record `request_id`, None outside of a request, and `of_request`, the same for a line that people read."""

    def __init__(self) -> None:
        super().__init__("request_id")

    def filter(self, record: LogRecord) -> bool:
        super().filter(record)
        request_id = getattr(record, "request_id", None)
        record.of_request = f" {request_id}" if request_id else ""
        return True
