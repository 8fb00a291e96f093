import unittest
from datetime import date

from library import Library


class LibraryTest(unittest.TestCase):
    def setUp(self):
        self.shelf = Library()
        self.shelf.lend("Emma", "Ann", date(2024, 1, 1))

    def test_a_book_is_lent_once(self):
        with self.assertRaises(ValueError):
            self.shelf.lend("Emma", "Bob", date(2024, 1, 2))

    def test_back_in_time_is_free(self):
        self.assertEqual(self.shelf.give_back("Emma", date(2024, 1, 29)), 0)

    def test_each_day_costs(self):
        self.assertEqual(self.shelf.give_back("Emma", date(2024, 2, 1)), 60)

    def test_the_fee_has_a_limit(self):
        self.assertEqual(self.shelf.give_back("Emma", date(2025, 1, 1)), 1500)

    def test_overdue(self):
        self.shelf.lend("Ivanhoe", "Bob", date(2024, 1, 10))
        self.shelf.lend("Utopia", "Cid", date(2024, 3, 1))
        self.assertEqual(self.shelf.overdue(date(2024, 3, 2)), ["Emma", "Ivanhoe"])

    def test_unknown_book(self):
        with self.assertRaises(KeyError):
            self.shelf.give_back("Faust", date(2024, 1, 2))


if __name__ == "__main__":
    unittest.main()
