"""Refusals list every fault and can all be caught as one kind."""

import pytest

from xps.errors import AnalysisError, ConfigError, FitError, RawFileError, TableError, near


@pytest.mark.parametrize("kind", [RawFileError, ConfigError, TableError, FitError])
def test_every_refusal_is_an_analysis_error_that_says_its_sentence(kind: type[AnalysisError]) -> None:
    with pytest.raises(AnalysisError) as caught:
        raise kind("file a: found 1, expected 2")
    assert str(caught.value) == "file a: found 1, expected 2"


def test_all_faults_of_a_source_stand_in_one_message_in_their_order() -> None:
    error = ConfigError.of("config/config.yaml", ["raw is missing", "axis: unknown"])
    assert str(error).splitlines() == ["config/config.yaml: 2 faults", "  - raw is missing", "  - axis: unknown"]


def test_one_fault_is_called_one_fault() -> None:
    assert str(ConfigError.of("log", ["line 2"])).startswith("log: 1 fault\n")


def test_near_match_is_the_known_word_that_looks_most_alike_or_nothing() -> None:
    assert near("Ge3s", ["C1s", "Ge3d", "Ge3p4"]) == " (did you mean 'Ge3d'?)"
    assert near("Zr3d", ["C1s", "Ge2p"]) == ""
    assert near("x", []) == ""
    assert near("ab1", {"ab2", "ab3"}) == near("ab1", ["ab3", "ab2"])  # whatever the order of what is known
