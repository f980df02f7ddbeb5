/* Leaves at once: by the link, or by Esc three times within two seconds. It empties the forms and
   the screen first, because a slow network would keep the page in view until the next one answers.
   It cannot clear the history, and nothing here says it does. ES5, for old phones. */
(function () {
  "use strict";

  var link = document.querySelector("a[data-simpul-exit]");
  var presses = [];

  function leave() {
    var forms = document.forms;
    for (var i = 0; i < forms.length; i++) {
      forms[i].reset();
    }
    document.title = "";
    document.documentElement.style.display = "none";
    window.location.replace(link.href);
  }

  if (!link) {
    return;
  }

  link.addEventListener("click", function (event) {
    event.preventDefault();
    leave();
  });

  document.addEventListener("keydown", function (event) {
    var now = new Date().getTime();
    if (event.key !== "Escape" && event.key !== "Esc" && event.keyCode !== 27) {
      presses = [];
      return;
    }
    presses.push(now);
    presses = presses.slice(-3);
    if (presses.length === 3 && now - presses[0] < 2000) {
      leave();
    }
  });
})();
