// A shopping cart: lines of {name, price, count}; prices in cents.

function addLine(cart, name, price, count = 1) {
  const line = cart.find((l) => l.name === name && l.price === price);
  if (line) {
    line.count += count;
  } else {
    cart.push({ name, price, count });
  }
  return cart;
}

function subtotal(cart) {
  let sum = 0;
  for (const line of cart) {
    sum += line.price * line.count;
  }
  return sum;
}

// Ten per cent off from 100.00 on, nothing below.
function discount(cart) {
  const sum = subtotal(cart);
  if (sum > 10000) {
    return Math.round(sum / 10); // rounded to whole cents
  }
  return 0;
}

function total(cart, shipping = 490) {
  const sum = subtotal(cart) - discount(cart);
  return cart.length === 0 ? 0 : sum + shipping;
}

module.exports = { addLine, subtotal, discount, total };
