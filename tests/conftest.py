"""What all tests share: how long Hypothesis waits, and that it repeats itself."""

from hypothesis import settings

# No deadline: the first call of a compiled function includes its compilation. The same examples
# every time: a failure in CI is a failure at home.
settings.register_profile("detractor", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("detractor")
