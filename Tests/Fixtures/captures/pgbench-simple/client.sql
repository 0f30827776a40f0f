\set id random(1, 5)
begin;
update items set price = price + 1 where id = :id;
select name, price from items where id = :id;
commit;
