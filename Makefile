# gridmap: `make help` lists what can be asked for. The work is done by scripts/.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test check bench pictures shell clean

help: ## 列出命令 · list the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

run: ## 从裸机到站点 http://127.0.0.1:8000（PORT= 改端口）· from a bare machine to the site
	@scripts/run.sh

test: ## 持续集成所做的一切（ARGS= 传给 pytest）· everything CI runs
	@scripts/test.sh $(ARGS)

check: ## 不用数据库与浏览器的一半 · the fast half: no database, no browser
	@scripts/system-packages.sh python
	@scripts/python-packages.sh dev
	@scripts/check.sh

bench: ## 性能对照 · the budgets, side by side with peers (ARGS= is passed on)
	@scripts/system-packages.sh run
	@scripts/python-packages.sh bench
	@scripts/front-end.sh
	@DEBUG=1 scripts/with-cluster.sh bench .venv-bench/bin/python -m benchmarks $(ARGS)

pictures: ## 重拍 docs/pictures 里的图层，先 make run（SITE= 改地址）· the layers' pictures again, from the site that runs
	@scripts/system-packages.sh test
	@scripts/python-packages.sh dev
	@.venv/bin/python -m tests.browser.pictures $(SITE)

shell: ## 开发库上的 Django 命令行 · Django's shell on the development database
	@DEBUG=1 scripts/with-cluster.sh dev .venv/bin/python manage.py shell

clean: ## 删去可再生成的文件，数据不动 · remove what can be made again; var/pg and var/media stay
	@scripts/cluster.sh down test
	@scripts/cluster.sh down bench
	rm -rf .venv .venv-bench node_modules static_root test-results var/node var/log var/pycache var/pg-test var/pg-bench
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +
