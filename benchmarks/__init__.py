"""Speed and memory, as ratios against something run beside them; never part of the test suite."""
