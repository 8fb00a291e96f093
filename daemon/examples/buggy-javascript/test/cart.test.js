const test = require('node:test');
const assert = require('node:assert');
const { addLine, subtotal, discount, total } = require('../src/cart');

test('equal lines are joined', () => {
  const cart = addLine(addLine([], 'tea', 450), 'tea', 450, 2);
  assert.deepStrictEqual(cart, [{ name: 'tea', price: 450, count: 3 }]);
});

test('subtotal', () => {
  assert.strictEqual(subtotal(addLine(addLine([], 'tea', 450, 2), 'cup', 799)), 1699);
});

test('the discount begins at 100.00', () => {
  assert.strictEqual(discount(addLine([], 'kettle', 10000)), 1000);
  assert.strictEqual(discount(addLine([], 'kettle', 9999)), 0);
  assert.strictEqual(discount(addLine([], 'kettle', 20000)), 2000);
});

test('an empty cart costs nothing', () => {
  assert.strictEqual(total([]), 0);
  assert.strictEqual(total(addLine([], 'tea', 450)), 940);
});
