// What the console adds when script runs: copy buttons, local times, dialogs, keyboard. Every page works without it.
(function () {
  "use strict";

  var root = document.documentElement;
  root.classList.add("js");

  // ---- times: the server writes UTC, the reader sees their own zone -------------------------------------------
  var exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  var plain = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

  function localTimes(within) {
    within.querySelectorAll("time[datetime]").forEach(function (element) {
      var at = new Date(element.dateTime);
      if (isNaN(at)) return;
      element.title = exact.format(at);
      if (element.dataset.form === "exact") element.textContent = plain.format(at);
    });
  }

  // ---- copy ---------------------------------------------------------------------------------------------------
  function say(text) {
    var live = document.getElementById("live");
    if (live) live.textContent = text;
  }

  function copyOld(text) {
    var area = document.createElement("textarea");
    area.value = text;
    area.setAttribute("readonly", "");
    area.className = "sr";
    document.body.appendChild(area);
    area.select();
    var done = document.execCommand("copy");
    area.remove();
    return done ? Promise.resolve() : Promise.reject(new Error("not copied"));
  }

  function copy(button) {
    var source = document.getElementById(button.dataset.copy);
    if (!source) return;
    var text = source.textContent;
    var word = button.querySelector("[data-word]");
    var before = word ? word.textContent : "";
    var copied = navigator.clipboard ? navigator.clipboard.writeText(text).catch(function () { return copyOld(text); }) : copyOld(text);
    copied.then(
      function () { show("Copied"); button.classList.add("copied"); },
      function () { show("Press Ctrl+C"); window.getSelection().selectAllChildren(source); }
    );
    function show(text) {
      if (word) word.textContent = text;
      say(text);
      setTimeout(function () { if (word) word.textContent = before; say(""); }, 2000);
    }
  }

  // ---- dialogs: a confirmation page, shown over the page it was asked from -------------------------------------
  function openDialog(link) {
    return fetch(link.href, { headers: { accept: "text/html" }, credentials: "same-origin", redirect: "error" })
      .then(function (response) {
        if (!response.ok) throw new Error(response.status);
        return response.text();
      })
      .then(function (text) {
        var part = new DOMParser().parseFromString(text, "text/html").querySelector("[data-confirm]");
        if (!part) throw new Error("no dialog");
        var dialog = document.createElement("dialog");
        dialog.setAttribute("aria-labelledby", "confirm-title");
        dialog.appendChild(document.adoptNode(part));
        document.body.appendChild(dialog);
        dialog.addEventListener("close", function () { dialog.remove(); link.focus(); });
        dialog.addEventListener("click", function (event) {
          if (event.target.closest("[data-cancel]")) { event.preventDefault(); dialog.close(); }
        });
        localTimes(dialog);
        complete(dialog);
        dialog.showModal();
      })
      .catch(function () { window.location.assign(link.href); });
  }

  // ---- a value that is shown once is not left by accident ------------------------------------------------------
  var guarded = document.querySelector("[data-once]");
  function guard(event) { event.preventDefault(); }
  if (guarded) window.addEventListener("beforeunload", guard);

  document.addEventListener("click", function (event) {
    var target = event.target;
    if (!(target instanceof Element)) return;
    var button = target.closest("[data-copy]");
    if (button) { copy(button); return; }
    if (target.closest("[data-kept]")) window.removeEventListener("beforeunload", guard);
    var link = target.closest("a[data-dialog]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
      event.preventDefault();
      openDialog(link);
      return;
    }
    document.querySelectorAll("details[data-drop][open]").forEach(function (drop) {
      if (!drop.contains(target)) drop.open = false;
    });
  });

  document.addEventListener("change", function (event) {
    var field = event.target;
    if (!(field instanceof Element)) return;
    if (field.matches("[data-all]")) {
      field.closest("table").querySelectorAll("tbody input[type=checkbox]").forEach(function (box) { box.checked = field.checked; });
    }
  });

  // ---- a panel over the page: htmx fills it, what is in it cancels or sends it -----------------------------------
  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.target.matches("dialog.sheet") && !event.target.open) event.target.showModal();
  });
  document.addEventListener("click", function (event) {
    var cancel = event.target instanceof Element && event.target.closest("dialog.sheet [data-cancel]");
    if (cancel) { event.preventDefault(); cancel.closest("dialog").close(); }
  });

  // ---- a form that is to be filled before it is sent: its button waits ------------------------------------------
  function complete(within) {
    within.querySelectorAll("form[data-complete]").forEach(function (form) {
      var button = form.querySelector("button[type=submit]");
      if (button) button.disabled = Array.prototype.some.call(form.elements, function (field) { return field.required && !field.value.trim(); });
    });
  }
  document.addEventListener("input", function (event) {
    if (event.target.form && event.target.form.matches("[data-complete]")) complete(event.target.form.parentNode);
  });

  // ---- keyboard -----------------------------------------------------------------------------------------------
  var pending = null;

  function go(key) {
    var link = document.querySelector('a[data-go="' + key + '"]');
    if (link) window.location.assign(link.href);
  }

  function step(by) {
    var links = Array.prototype.slice.call(document.querySelectorAll("tbody a[data-row]"));
    if (!links.length) return;
    var at = links.indexOf(document.activeElement);
    var next = at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by));
    links[next].focus();
  }

  function escape() {
    document.querySelectorAll("details[data-drop][open]").forEach(function (drop) {
      drop.open = false;
      drop.querySelector("summary").focus();
    });
    if (document.activeElement && document.activeElement.matches("input[type=search]")) document.activeElement.blur();
  }

  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { escape(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof Element && event.target.closest("input, select, textarea, dialog[open], [contenteditable]")) return;
    if (pending) {
      clearTimeout(pending);
      pending = null;
      go(event.key);
      return;
    }
    var search = document.querySelector("[data-search]");
    var help = document.getElementById("help");
    if (event.key === "/" && search) { event.preventDefault(); search.focus(); search.select(); }
    else if (event.key === "g") pending = setTimeout(function () { pending = null; }, 1200);
    else if (event.key === "?" && help && help.showModal) help.showModal();
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
  });

  // ---- a passed test counts for exactly what was tested: an edit takes it back ---------------------------------
  document.addEventListener("input", function (event) {
    var form = event.target instanceof Element && event.target.closest("form[data-tests]");
    if (!form || event.target.closest("[data-untested]")) return;
    var ticket = form.querySelector("[name=ticket]");
    if (ticket) ticket.value = "";
    form.querySelectorAll("[data-needs-test]").forEach(function (button) { button.disabled = true; });
    var result = form.querySelector("[data-result]");
    if (result) result.remove();
  });

  // ---- what a form has led to stays until it is dismissed or another page is opened ------------------------------
  document.addEventListener("click", function (event) {
    var dismiss = event.target instanceof Element && event.target.closest("[data-dismiss]");
    if (!dismiss) return;
    dismiss.closest("[data-flash]").remove();
    document.getElementById("main").focus();
  });
  // Nobody hears a message that was there when the page came.
  var flash = document.querySelector("[data-flash][role=status]");
  if (flash) {
    setTimeout(function () { say(flash.textContent); }, 200);
    setTimeout(function () { say(""); }, 5000);
  }

  // ---- the page as it is now, without leaving it: what it was told stays ------------------------------------------
  function renew() {
    var main = document.getElementById("main");
    return fetch(window.location.href, { headers: { accept: "text/html" }, credentials: "same-origin", redirect: "error" })
      .then(function (response) {
        if (!response.ok) throw new Error(response.status);
        return response.text();
      })
      .then(function (text) {
        var page = new DOMParser().parseFromString(text, "text/html");
        var next = page.getElementById("main");
        if (!next) throw new Error("no page");
        var id = main.contains(document.activeElement) ? document.activeElement.id : "";
        var kept = next.querySelector(":scope > [data-flash]") ? [] : Array.prototype.slice.call(main.querySelectorAll(":scope > [data-flash]"));
        main.replaceChildren.apply(main, kept.concat(Array.prototype.slice.call(next.childNodes)));
        document.title = page.title;
        if (window.htmx) window.htmx.process(main);
        localTimes(main);
        complete(main);
        wire(main);
        var focus = id && document.getElementById(id);
        if (focus) focus.focus();
      })
      .catch(function () { window.location.reload(); });
  }

  // ---- what goes on by itself, live: the server sends the changed part of the page ---------------------------------
  function watchRun(part) {
    var source = new EventSource(part.dataset.live);
    source.addEventListener("progress", function (event) {
      var open = Array.prototype.map.call(part.querySelectorAll("details"), function (details) { return details.open; });
      part.innerHTML = JSON.parse(event.data);
      part.querySelectorAll("details").forEach(function (details, index) { details.open = details.open || !!open[index]; });
      localTimes(part);
    });
    source.addEventListener("finished", function () {
      source.close();
      say(part.dataset.ended || "It has ended");
      renew();
    });
    // Another answer than a stream (signed out, deleted): the page says what it is.
    source.addEventListener("error", function () { if (source.readyState === EventSource.CLOSED) window.location.reload(); });
  }

  function wire(within) {
    var live = within.querySelector("[data-live]");
    if (live && window.EventSource) watchRun(live);
  }
  wire(document);

  document.addEventListener("htmx:afterSwap", function (event) { localTimes(event.target.parentNode || document); });
  localTimes(document);
  complete(document);
})();
