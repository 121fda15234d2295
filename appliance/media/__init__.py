"""Files in, plain values out; knows no tables and runs in the compute child."""
