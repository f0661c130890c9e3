# Tables, indices, joins, aggregates, text and real numbers in memory.
sqlite3 :memory: <<'SQL'
create table t(id integer primary key, name text, v real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000) insert into t select i, 'n' || (i * 7919 % 1009), i / 7.0 from n;
create index byname on t(name);
select count(*), sum(v), avg(v), max(name) from t;
select name, count(*) c from t group by name order by c desc, name limit 5;
select a.id, b.id from t a join t b on a.name = b.name and a.id < b.id order by 1, 2 limit 5;
update t set v = v * 2 where id % 3 = 0; delete from t where id % 5 = 0;
select total(v), group_concat(id) from t where id < 40;
select printf('%.10f', sqrt(2)), hex(zeroblob(2)), upper('abc'), substr('hello', 2, 3), 'x' like 'X', round(2.5), 7 / 2, -7 % 3;
pragma integrity_check;
SQL
