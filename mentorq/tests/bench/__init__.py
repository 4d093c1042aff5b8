"""How fast MentorQ is, as ratios within one run: `python -m mentorq.tests.bench`; docs/performance.md explains.

`__main__` starts databases and servers and prints the table, `outside` and `rush` measure over HTTP and `inside` in
process, `floors` is what the work is compared with.
"""
