"""The base class of every page of the desk."""

import re
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import SuspiciousOperation
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import smart_split
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator

from mentorq.api.ids import ID
from mentorq.api.texts import SEARCH_LENGTH, SEARCH_WORDS


class DeskAdmin(ModelAdmin):
    """A list on the desk that never counts its table, and is asked only by the columns in `filtered_by`."""

    show_full_result_count = False
    paginator = InfinitePaginator
    list_per_page = 50
    list_disable_select_all = True
    filtered_by: tuple[str, ...] = ()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return whether a query string may ask for that: by any other column one could guess a password's hash."""
        return lookup in self.filtered_by

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Return whether a page may name a row by that column: nothing of ours is chosen by another than the id."""
        return to_field == str(self.opts.pk.name)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return what the words find; nothing, with a message, if there are too many of them."""
        if len(search_term) > SEARCH_LENGTH or len(list(smart_split(search_term))) > SEARCH_WORDS:
            text = f"Search for at most {SEARCH_WORDS} words and {SEARCH_LENGTH} characters."
            self.message_user(request, text, messages.ERROR)
            return queryset.none(), False
        return cast("tuple[QuerySet[Any], bool]", super().get_search_results(request, queryset, search_term))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with the list; raises SuspiciousOperation (400) for a choice of rows that no list of ours offers."""
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if request.POST.get("select_across", "0") != "0" or not all(re.fullmatch(ID, pk) for pk in chosen):
            raise SuspiciousOperation("no list of ours offers that")
        title = str(self.model._meta.verbose_name_plural).capitalize()
        return cast("HttpResponse", super().changelist_view(request, {"title": title, **(extra_context or {})}))
