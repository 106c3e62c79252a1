"""How dispensings are numbered: the person, then the course or kind of short course, then a rank.

A course has the person's number times 256 plus its slot: lines of ``model/therapies.csv`` from 0,
the anticoagulant segments after ``ANTICOAGULANTS``. A dispensing has the person's number times
``PERSON``, the slot times ``COURSE`` and its rank, so that it is unique in the world and does not
depend on the chunk.
"""

PERSON, COURSE = 1 << 24, 1 << 16
ANTICOAGULANTS = 234
MISUSE = 239 << 16
SHORT_COURSES = 240 << 16
MOST_SHORT_COURSES = 16  # of one kind for one person over the whole period
