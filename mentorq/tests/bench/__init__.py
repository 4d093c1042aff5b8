"""How fast MentorQ is, as ratios within one run: `make bench`, or `python -m mentorq.bench`; docs/performance.md explains.

`__main__` starts databases and servers and prints the table, `outside` and `rush` measure over HTTP and `inside` in
process, `floors` is what the work is compared with.
"""
