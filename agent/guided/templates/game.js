// A snake game on a canvas: eat the food, do not bite yourself. Arrow keys steer, Enter starts again.
"use strict";
const size = 20; // cells a side
const speed = 8; // steps a second
const snakeColor = "limegreen";
const foodColor = "tomato";

const canvas = document.getElementById("board");
const pen = canvas.getContext("2d");
const cell = canvas.width / size;
const directions = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
let snake, direction, turn, food, score, over;

function start() {
  snake = [[10, 10], [9, 10], [8, 10]];
  direction = turn = [1, 0];
  score = 0;
  over = false;
  placeFood();
}

function occupied(x, y) {
  return snake.some((part) => part[0] === x && part[1] === y);
}

function placeFood() {
  do {
    food = [Math.floor(Math.random() * size), Math.floor(Math.random() * size)];
  } while (occupied(food[0], food[1]));
}

function step() {
  if (over) return;
  direction = turn;
  const x = (snake[0][0] + direction[0] + size) % size;
  const y = (snake[0][1] + direction[1] + size) % size;
  if (occupied(x, y)) {
    over = true;
    return;
  }
  snake.unshift([x, y]);
  if (x === food[0] && y === food[1]) {
    score += 1;
    placeFood();
  } else {
    snake.pop();
  }
}

function draw() {
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = snakeColor;
  for (const [x, y] of snake) pen.fillRect(x * cell + 1, y * cell + 1, cell - 2, cell - 2);
  pen.fillStyle = foodColor;
  pen.fillRect(food[0] * cell + 1, food[1] * cell + 1, cell - 2, cell - 2);
  document.getElementById("score").textContent = over ? `${score}: Enter` : String(score);
}

document.addEventListener("keydown", (event) => {
  const next = directions[event.key];
  if (next && (next[0] !== -direction[0] || next[1] !== -direction[1])) turn = next;
  if (event.key === "Enter" && over) start();
  if (next) event.preventDefault();
});

start();
setInterval(() => {
  step();
  draw();
}, 1000 / speed);
