"""What keeps the library whole when the machine is not: its disks, its database, its clock, its heat and memory."""
