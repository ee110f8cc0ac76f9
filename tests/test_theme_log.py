"""The log of failures and fixes."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detractor.errors import ConfigError, ParameterError
from detractor.theme_log import (
    EVENTS,
    new_log,
    note_event,
    note_relapses,
    read_log,
    state_of,
    write_log,
)


@given(note=st.text(), theme=st.text(min_size=1), event=st.sampled_from(EVENTS))
def test_reading_gives_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, note: str, theme: str, event: str
) -> None:
    log = note_event(new_log(), theme, event, date="2026-02-03", note=note)
    path = tmp_path_factory.mktemp("log") / "themes.toml"
    write_log(log, path)
    pd.testing.assert_frame_equal(read_log(path), log)


def test_a_spike_before_the_proof_is_no_relapse() -> None:
    log = note_event(new_log(), "late", "verified", date="2026-03-01")
    spikes = pd.DataFrame({"theme": ["late", "late"], "found": ["2026-02-01", "2026-04-01"]})
    log, marked = note_relapses(log, spikes)
    assert marked["relapse"].tolist() == [False, True]
    assert state_of(log, "late") == "relapsed"


def test_no_spikes_no_relapses() -> None:
    log, marked = note_relapses(new_log(), pd.DataFrame({"theme": [], "found": []}))
    assert marked["relapse"].tolist() == []
    assert log.empty


def test_all_mistakes_of_a_file_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "log.toml"
    path.write_text('[[event]]\ntheme = "a"\n[[event]]\ntheme = "b"\ndate = "x"\nevent = "fix"\n')
    with pytest.raises(ConfigError, match=r"event 1 lacks date, event; event 2: 'x' is no date"):
        read_log(path)
    path.write_text("[[event")
    with pytest.raises(ConfigError, match="no TOML"):
        read_log(path)


def test_unknown_events_are_refused() -> None:
    with pytest.raises(ParameterError, match="no event 'mended'"):
        note_event(new_log(), "late", "mended", date="2026-01-01")
