"""A lending library: who has which book, until when, and what a late return costs."""
from datetime import date, timedelta

LOAN_DAYS = 28
FEE_PER_DAY = 20  # cents
HIGHEST_FEE = 1500


class Loan:
    def __init__(self, book, reader, start):
        self.book = book
        self.reader = reader
        self.start = start

    def due(self):
        return self.start + timedelta(days=LOAN_DAYS)

    def days_late(self, today):
        return max(0, (today - self.due()).days)

    def fee(self, today):
        """In cents; never more than the book is worth to us."""
        return max(self.days_late(today) * FEE_PER_DAY, HIGHEST_FEE)


class Library:
    def __init__(self):
        self.loans = []

    def lend(self, book, reader, today):
        if any(loan.book == book for loan in self.loans):
            raise ValueError(f"{book} is lent already")
        loan = Loan(book, reader, today)
        self.loans.append(loan)
        return loan

    def give_back(self, book, today):
        """The fee to pay, in cents."""
        for loan in self.loans:
            if loan.book == book:
                self.loans.remove(loan)  # at most one loan a book
                return loan.fee(today)
        raise KeyError(book)

    def overdue(self, today):
        """Books that should be back, the latest first."""
        late = [loan for loan in self.loans if loan.days_late(today) > 0]
        late.sort(key=lambda loan: loan.days_late(today), reverse=True)
        return [loan.book for loan in late]
