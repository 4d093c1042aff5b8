"""The base class of every page of the desk."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ObjectDoesNotExist, SuspiciousOperation
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.forms import Media
from django.http import HttpRequest, HttpResponse
from django.utils.text import smart_split
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator

from mentorq.api.ids import ID
from mentorq.api.texts import SEARCH_LENGTH, SEARCH_WORDS

# Scripts of Django that fill slugs in. The desk has none, and XRegExp is the largest script of a list.
FOR_SLUGS = {
    f"admin/js/{name}.js" for name in ("vendor/xregexp/xregexp.min", "vendor/xregexp/xregexp", "urlify", "prepopulate")
}


class Click(NamedTuple):
    """A button of clicks.html: what it says, what it did, and the verb of the row."""

    label: str
    past: str
    verb: Callable[[Any], None]


def clicked(request: HttpRequest, rows: QuerySet[Any], clicks: Mapping[str, Click]) -> tuple[Any, Click, str]:
    """Return row, button and the row's version of a form that clicks.html sent; raises SuspiciousOperation for others."""
    try:
        name, pk, version = request.POST["_click"].split("|", 2)
        return rows.get(pk=int(pk)), clicks[name], version
    except (ValueError, KeyError, OverflowError, ObjectDoesNotExist) as error:
        raise SuspiciousOperation("no button sends this") from error


class DeskAdmin(ModelAdmin):
    """A list of the desk. It never counts its table, and filters only by the columns in `filtered_by`."""

    show_full_result_count = False
    paginator = InfinitePaginator
    list_per_page = 50
    list_disable_select_all = True
    filtered_by: tuple[str, ...] = ()
    warn_unsaved_form = True  # else a move's button would lose what somebody typed
    add_label = ""  # of the button above the list

    @property
    def media(self) -> Media:
        media = super().media
        return Media(css=media._css, js=[script for script in media._js if script not in FOR_SLUGS])

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow only the lookups of `filtered_by`: with others one could guess the hash of a password."""
        return lookup in self.filtered_by

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Allow only the id: no page names a row by another column."""
        return to_field == str(self.opts.pk.name)

    def get_paginator(self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any) -> Paginator:
        """Count the history of one row, which is short; the table, never."""
        kind = self.paginator if queryset.model is self.model else Paginator
        return kind(queryset, *args, **kwargs)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search for the words. Too many of them find nothing and give a message."""
        if len(search_term) > SEARCH_LENGTH or len(list(smart_split(search_term))) > SEARCH_WORDS:
            text = f"Search for at most {SEARCH_WORDS} words and {SEARCH_LENGTH} characters."
            self.message_user(request, text, messages.ERROR)
            return queryset.none(), False
        return cast("tuple[QuerySet[Any], bool]", super().get_search_results(request, queryset, search_term))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Raises SuspiciousOperation (400) for a selection of rows that no list offers."""
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if request.POST.get("select_across", "0") != "0" or not all(re.fullmatch(ID, pk) for pk in chosen):
            raise SuspiciousOperation("no list offers this selection")
        title = str(self.model._meta.verbose_name_plural).capitalize()
        return cast("HttpResponse", super().changelist_view(request, {"title": title, **(extra_context or {})}))
