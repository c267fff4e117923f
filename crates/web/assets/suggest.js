// A field that suggests: typed into, chosen from with the arrows and Enter, or with a click. Only pages that have one load this.
(function () {
  "use strict";

  function say(text) {
    var live = document.getElementById("live");
    if (live) live.textContent = text;
  }

  function suggest(input) {
    var list = document.getElementById(input.getAttribute("aria-controls"));
    var at = -1, timer = null, asked = 0;

    function options() { return list.querySelectorAll("[role=option]:not([aria-disabled])"); }
    function mark(index) {
      at = index;
      options().forEach(function (option, number) { option.setAttribute("aria-selected", number === index ? "true" : "false"); });
      var option = options()[index];
      if (option) { input.setAttribute("aria-activedescendant", option.id); option.scrollIntoView({ block: "nearest" }); }
      else input.removeAttribute("aria-activedescendant");
    }
    function open(is) {
      list.hidden = !is;
      input.setAttribute("aria-expanded", is ? "true" : "false");
      mark(-1);
    }
    function close() { asked += 1; clearTimeout(timer); open(false); }
    function choose(option) {
      input.value = option.dataset.value;
      close();
      input.form.requestSubmit();
    }
    function ask() {
      var number = ++asked;
      fetch(list.dataset.from + "?q=" + encodeURIComponent(input.value.trim()), { credentials: "same-origin", redirect: "error" })
        .then(function (response) {
          if (!response.ok) throw new Error(response.status);
          return response.text();
        })
        .then(function (text) {
          if (number !== asked || document.activeElement !== input) return;
          list.innerHTML = text;
          open(true);
          var count = options().length;
          say(count === 1 ? "1 suggestion" : count + " suggestions");
        })
        .catch(close);
    }

    input.addEventListener("input", function (event) {
      // The list of entries waits until somebody is chosen.
      event.stopPropagation();
      clearTimeout(timer);
      if (input.value.trim()) { timer = setTimeout(ask, 150); return; }
      close();
      input.form.requestSubmit();
    });
    input.addEventListener("click", function () { if (list.hidden) ask(); });
    input.addEventListener("blur", close);
    input.addEventListener("keydown", function (event) {
      var count = options().length;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) ask();
        else if (count) mark(event.key === "ArrowDown" ? (at + 1) % count : (at <= 0 ? count : at) - 1);
      } else if (event.key === "Enter") {
        if (!list.hidden && at >= 0) { event.preventDefault(); choose(options()[at]); }
        else close();
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        event.stopPropagation();
        close();
      }
    });
    // The field keeps the focus.
    list.addEventListener("mousedown", function (event) { event.preventDefault(); });
    list.addEventListener("click", function (event) {
      var option = event.target.closest("[role=option]:not([aria-disabled])");
      if (option) choose(option);
    });
  }

  document.querySelectorAll("input[role=combobox]").forEach(suggest);
})();
