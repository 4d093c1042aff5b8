"""What MentorQ is put through, to see that nothing is lost: `make torture`; docs/reliability.md has the figures."""
